import {
  type AppendOutcome,
  channelEndedError,
  type Follower,
  type QueuedAppend,
} from '@rivulet/core/log-kit'
import type { AppendRequest, AppendResult, ChannelRequest } from './file/protocol.ts'

/** A batch as both threads take it: each channel once. */
export function appendRequest(
  batch: readonly QueuedAppend[],
  channelRequest: (channel: string) => ChannelRequest,
): AppendRequest {
  const places = new Map<string, number>()
  const fields: (string | number)[] = []
  let bytes = 0
  let ends: Set<number> | undefined
  let keys: Map<number, string> | undefined
  for (const [index, { channel, entry, text, idempotencyKey }] of batch.entries()) {
    if (!places.has(channel)) places.set(channel, places.size)
    const payloadBytes = Buffer.byteLength(entry.data)
    bytes += payloadBytes
    fields.push(text, entry.check, entry.at, payloadBytes)
    if (entry.kind === 'end') ends = (ends ?? new Set()).add(index)
    if (idempotencyKey !== undefined) keys = (keys ?? new Map()).set(index, idempotencyKey)
  }
  const channels = Array.from(places.keys(), channelRequest)
  const isOne = channels.length === 1
  return {
    do: 'append',
    channels,
    places: isOne ? undefined : batch.map(({ channel }) => places.get(channel) ?? 0),
    fields,
    bytes,
    ends,
    keys,
  }
}

/**
 * What became of each entry. Those stored now are told to this process's followers, who need not read them.
 *
 * @param followed The channels that have followers.
 */
export function settleBatch(
  batch: readonly QueuedAppend[],
  { places }: AppendRequest,
  { heads, exceptions }: AppendResult,
  follower: Follower,
  followed: ReadonlySet<string>,
): readonly AppendOutcome[] {
  const reached = Array.from(heads)
  return batch.map(({ channel, entry }, index): AppendOutcome => {
    const exception = exceptions?.get(index)
    if (exception === 'ended') return channelEndedError(channel)
    if (exception !== undefined) return { ...exception }
    const place = places?.[index] ?? 0
    const before = reached[place]
    if (before === undefined) return new Error(`no outcome for entry ${index} of ${batch.length}`)
    const position = { epoch: before.epoch, offset: before.offset + 1, check: entry.check }
    reached[place] = position
    if (followed.has(channel)) {
      const { epoch, offset } = position
      follower.take(channel, { epoch, offset, previous: before.check, entry: { ...entry, offset } })
    }
    return position
  })
}
