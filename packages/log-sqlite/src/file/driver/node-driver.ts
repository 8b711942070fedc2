import type { Connection, Driver, Row, Value } from './driver.ts'

/** What is used of `node:sqlite`, which the types of the oldest Node here do not know. */
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => NodeDatabase
}

interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): NodeStatement
  close(): void
}

interface NodeStatement {
  run(...values: readonly Value[]): { readonly lastInsertRowid: number | bigint }
  get(...values: readonly Value[]): Row | undefined
  all(...values: readonly Value[]): readonly Row[]
}

/**
 * Node's own SQLite: 22.13 or newer, or 22.5 with a flag.
 *
 * @see https://nodejs.org/api/sqlite.html
 */
export function nodeDriver(): Driver | undefined {
  // The module is looked at for what is used of it, below.
  const found = silently(() => process.getBuiltinModule('node:sqlite')) as Partial<NodeSqlite> | undefined
  const DatabaseSync = found?.DatabaseSync
  if (DatabaseSync === undefined) return undefined
  return { name: 'node:sqlite', open: (file) => open(DatabaseSync, file), resultCode }
}

/** Node 22 says of the module that it is experimental: no news to the log's users, whose process would print it. */
function silently<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

function open(DatabaseSync: NodeSqlite['DatabaseSync'], file: string): Connection {
  const database = new DatabaseSync(file)
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        run: (values) => Number(statement.run(...values).lastInsertRowid),
        get: (values) => statement.get(...values),
        all: (values) => statement.all(...values),
      }
    },
    close: () => database.close(),
  }
}

function resultCode(error: unknown): number | undefined {
  const isOurs = typeof error === 'object' && error !== null && 'errcode' in error
  return isOurs && typeof error.errcode === 'number' ? error.errcode : undefined
}
