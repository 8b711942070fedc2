import type { EventLog, StoredEntry } from '@rivulet/core'

/** Everything that a channel's log has, from its beginning. */
export async function readAll(log: EventLog, channel: string): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = []
  let page = await log.read(channel, { after: 'start', limit: 1_000 })
  while (page.entries.length > 0) {
    entries.push(...page.entries)
    const last = page.entries.at(-1)
    if (last === undefined) break
    const after = { epoch: page.epoch, offset: last.offset, check: last.check }
    page = await log.read(channel, { after, limit: 1_000 })
    if (page.invalid !== undefined) throw new Error(`The log cannot be read on from ${last.offset}.`)
  }
  return entries
}
