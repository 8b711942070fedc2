import { createSqliteLog } from '@rivulet/log-sqlite'

export async function openLog({ file }) {
  const log = createSqliteLog({ file })
  return { log, close: () => log.close() }
}
