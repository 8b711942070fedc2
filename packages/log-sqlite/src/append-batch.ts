import {
  type AppendOutcome,
  channelEndedError,
  type Follower,
  type QueuedAppend,
} from '@rivulet/core/log-kit'
import type { AppendRequest, AppendResult, ChannelRequest } from './worker/protocol.ts'

/** A batch as the thread takes it: each channel once. */
export function appendRequest(
  batch: readonly QueuedAppend[],
  channelRequest: (channel: string) => ChannelRequest,
): AppendRequest {
  const channels = [...new Set(batch.map(({ channel }) => channel))]
  const places = new Map(channels.map((channel, place) => [channel, place]))
  const ends: number[] = []
  const keys = new Map<number, string>()
  batch.forEach(({ entry, idempotencyKey }, index) => {
    if (entry.kind === 'end') ends.push(index)
    if (idempotencyKey !== undefined) keys.set(index, idempotencyKey)
  })
  return {
    do: 'append',
    channels: channels.map(channelRequest),
    places: batch.map(({ channel }) => places.get(channel) ?? 0),
    checks: batch.map(({ entry }) => entry.check).join('\n'),
    times: batch.map(({ entry }) => entry.at),
    payloadBytes: batch.map(({ entry }) => Buffer.byteLength(entry.data)),
    bodies: batch.map(({ text }) => text).join('\n'),
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
    const exception = exceptions.get(index)
    if (exception === 'ended') return channelEndedError(channel)
    if (exception !== undefined) return { ...exception }
    const place = places[index] ?? 0
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
