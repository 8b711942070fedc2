import type { Position, ReadOptions, ReadResult } from '@rivulet/core'
import type { Link } from '../connection/link.ts'
import { logError } from '../log-error.ts'
import { startCheck } from '../start-check.ts'
import type { History } from '../stream/history.ts'
import type { Messages } from '../stream/messages.ts'
import type { Streams } from '../stream/streams.ts'
import { type Bounds, findBounds, type GetMessage, Vanished } from './bounds.ts'

/** Histories that may be trimmed or deleted while one call reads them. */
const maxAttempts = 20
/** A message that is missed so often at one place was not trimmed just now: the server has lost it. */
const maxMisses = 3

/** What reading and trimming have in common. */
export interface ReadParts {
  readonly link: Link
  readonly streams: Streams
  readonly messages: Messages
}

/** A history, and what its retention keeps of it. */
export interface View {
  readonly history: History
  readonly bounds: Bounds
  /** Messages, each asked for once. */
  readonly get: GetMessage
}

/** Reads a page of a channel: first its bounds, then what lies within them. */
export function readHistory(parts: ReadParts, channel: string, options: ReadOptions): Promise<ReadResult> {
  const doing = `Reading channel "${channel}"`
  return viewing(parts, channel, doing, options.signal, async ({ history, bounds, get }) => {
    const { after, invalid } = await startOf(history, bounds, get, options.after)
    const from = after.offset + 1
    const to = Math.min(history.head, after.offset + options.limit)
    const messages = await parts.messages.list(history.stream, from, to, doing, options.signal)
    if (messages.length < to - after.offset) throw new Vanished(from + messages.length)
    return {
      entries: messages.map(({ entry }) => entry),
      first: bounds.first,
      head: history.head,
      epoch: history.epoch,
      after,
      ended: bounds.newest?.entry.kind === 'end',
      ...(invalid === undefined ? {} : { invalid }),
    }
  })
}

/**
 * Looks at a channel, and does something with what is seen; anew where that vanishes meanwhile. A message that the server has lost
 * from the middle counts as trimmed, with all before it; without its newest message a history cannot go on and is dropped.
 */
export async function viewing<T>(
  { link, streams, messages }: ReadParts,
  channel: string,
  doing: string,
  signal: AbortSignal | undefined,
  use: (view: View) => Promise<T>,
): Promise<T> {
  const misses = new Map<string, number>()
  let floor = 1
  for (let attempt = 1; ; attempt += 1) {
    const history = await link.run({ doing, signal, ask: (api) => streams.open(api, channel) })
    const get = once((offset) => messages.get(history.stream, offset, doing, signal))
    try {
      return await use({ history, bounds: await findBounds(history, floor, get), get })
    } catch (error) {
      if (!(error instanceof Vanished)) throw error
      if (attempt === maxAttempts) throw logError(doing, error)
      const place = `${history.stream} ${error.offset}`
      const missCount = (misses.get(place) ?? 0) + 1
      misses.set(place, missCount)
      if (missCount < maxMisses) continue
      if (error.offset < history.head) floor = error.offset + 1
      else await link.run({ doing, signal, ask: (api) => streams.drop(api, history.stream) })
    }
  }
}

async function startOf(
  history: History,
  { first, checkBefore, newest }: Bounds,
  get: GetMessage,
  after: ReadOptions['after'],
): Promise<{ after: Position; invalid?: 'expired' | 'unknown' }> {
  const { epoch, head } = history
  const start = { epoch, offset: first - 1, check: checkBefore }
  if (after === 'start') return { after: start }
  if (after === 'head') return { after: { epoch, offset: head, check: newest?.entry.check ?? startCheck } }
  if (after.epoch !== epoch || after.offset > head) return { after: start, invalid: 'unknown' }
  if (after.offset < first - 1) return { after: start, invalid: 'expired' }
  const check = after.offset === first - 1 ? checkBefore : (await get(after.offset))?.entry.check
  if (check === undefined) throw new Vanished(after.offset)
  return check === after.check ? { after } : { after: start, invalid: 'unknown' }
}

function once(get: GetMessage): GetMessage {
  const asked = new Map<number, ReturnType<GetMessage>>()
  return (offset) => {
    const known = asked.get(offset)
    if (known !== undefined) return known
    const answer = get(offset)
    asked.set(offset, answer)
    return answer
  }
}
