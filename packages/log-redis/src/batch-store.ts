import type { Position } from '@rivulet/core'
import { type AppendOutcome, channelEndedError, type QueuedAppend } from '@rivulet/core/log-kit'
import type { Engine } from './engine.ts'
import type { KeyNames } from './key-names.ts'
import { logError } from './log-error.ts'
import { appendScript } from './script/append.ts'

/** The contract asks for two minutes from the moment the first call has its answer. */
const rememberMs = 3 * 60 * 1000

/** A script keeps the server from everything else: about two milliseconds for so many. */
export const batchLimits = { maxEntries: 128, maxBytes: 1024 * 1024 }

/** What the calls of one log share. */
export interface LogParts {
  readonly engine: Engine
  readonly names: KeyNames
  /** Names this log in what Redis remembers of it. */
  readonly writer: string
  /** Of all batches of this log. */
  nextBatch(): number
  /** ARGV 1 and 2 of every script. */
  scriptStart(channel: string): readonly [epoch: string, retention: string]
}

/** Stores a batch of one channel. */
export async function storeBatch(
  parts: LogParts,
  batch: readonly QueuedAppend[],
): Promise<readonly AppendOutcome[]> {
  const channel = batch[0]?.channel ?? ''
  const { engine, names, writer, nextBatch, scriptStart } = parts
  const keys: string[] = [...names.history(channel), names.writer(channel, writer)]
  const args: string[] = [
    ...scriptStart(channel),
    engine.driver.publishCommand,
    names.published(channel),
    String(nextBatch()),
    String(rememberMs),
  ]
  for (const { text, entry, idempotencyKey } of batch) {
    if (idempotencyKey !== undefined) keys.push(names.idempotency(channel, idempotencyKey))
    const place = idempotencyKey === undefined ? 0 : keys.length
    const size = Buffer.byteLength(entry.data)
    args.push(text, entry.check, String(size), entry.kind, String(place))
  }
  const doing = `Appending to channel "${channel}"`
  const reply = await engine.run({ doing, script: appendScript, keys, args })
  return decodeReply(channel, doing, String(reply))
}

/** The answer: the epoch, and behind a space for each entry `offset:check` or `ended`, with commas between. */
function decodeReply(channel: string, doing: string, reply: string): readonly AppendOutcome[] {
  const [epoch = '', list = ''] = reply.split(' ')
  return list.split(',').map((result): Position | Error => {
    const [offset, check] = result.split(':')
    if (offset === 'ended') return channelEndedError(channel)
    if (check === undefined) return logError(doing, new Error(`strange answer: ${reply}`))
    return { epoch, offset: Number(offset), check }
  })
}
