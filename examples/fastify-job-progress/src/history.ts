import type { EventLog, Position } from '@rivulet/fastify'

const pageSize = 500

/** Everything that a channel has kept, oldest first: the log is the database, and this is its `SELECT`. */
export async function* readHistory(
  log: EventLog,
  channel: string,
): AsyncGenerator<{ readonly event: string | undefined; readonly data: unknown }> {
  let after: Position | 'start' = 'start'
  while (true) {
    const { entries, epoch } = await log.read(channel, { after, limit: pageSize })
    for (const { kind, event, data } of entries) {
      if (kind === 'event') yield { event, data: JSON.parse(data) }
    }
    const last = entries.at(-1)
    if (last === undefined || entries.length < pageSize) return
    after = { epoch, offset: last.offset, check: last.check }
  }
}
