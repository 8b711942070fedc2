import type { AppendOutcome, Follower, QueuedAppend } from '@rivulet/core/log-kit'
import { channelEndedError } from '@rivulet/core/log-kit'
import type { AppendItem, AppendRequest, ChannelRequest, StoredItem } from './worker/protocol.ts'

/** A batch as the thread takes it: each channel once. */
export function appendRequest(
  batch: readonly QueuedAppend[],
  channelRequest: (channel: string) => ChannelRequest,
): AppendRequest {
  const places = new Map<string, number>()
  const items = batch.map(({ channel, entry, text, idempotencyKey }): AppendItem => {
    const place = places.get(channel) ?? places.size
    places.set(channel, place)
    const { kind, check, at, data } = entry
    return {
      channel: place,
      kind,
      check,
      at,
      payloadBytes: Buffer.byteLength(data),
      body: text,
      idempotencyKey,
    }
  })
  return { do: 'append', channels: [...places.keys()].map(channelRequest), items }
}

/** What became of each entry; those stored now are told to this process's followers, who need not read them. */
export function settleBatch(
  batch: readonly QueuedAppend[],
  stored: readonly StoredItem[],
  follower: Follower,
): readonly AppendOutcome[] {
  return batch.map(({ channel, entry }, index): AppendOutcome => {
    const item = stored[index]
    if (item === undefined) return new Error(`no outcome for entry ${index} of ${batch.length}`)
    if (item === 'ended') return channelEndedError(channel)
    const { epoch, offset, check, previous } = item
    if (previous !== undefined) {
      follower.take(channel, { epoch, offset, previous, entry: { ...entry, offset } })
    }
    return { epoch, offset, check }
  })
}
