import {
  type AppendOutcome,
  channelEndedError,
  type Follower,
  type QueuedAppend,
  randomText,
} from '@rivulet/core/log-kit'
import { logError, wasAnswered } from './log-error.ts'
import type { LogParts } from './parts.ts'

/** The channel's row is locked for a few milliseconds then. */
export const batchLimits = { maxEntries: 256, maxBytes: 1024 * 1024 }

const writerLength = 12

/** What became of a batch. */
interface Stored {
  readonly outcomes: readonly AppendOutcome[]
  /** Check of the entry that the channel had come to before. */
  readonly checkBefore: string
}

/** Stores batches of one channel each, all of it or nothing, in one statement. */
export class BatchStore {
  readonly #parts: LogParts
  readonly #follower: Follower
  readonly #onPurge: (count: number) => void
  /** Names this log among all that write. */
  readonly #writer = randomText(writerLength)
  #batchCount = 0
  /** The last batch of a channel of which nothing was heard: it may still be on its way, and must not come behind the next. */
  readonly #voidBatches = new Map<string, number>()

  /** @param onPurge Told how many rows of trimmed entries were deleted. */
  constructor(parts: LogParts, follower: Follower, onPurge: (count: number) => void) {
    this.#parts = parts
    this.#follower = follower
    this.#onPurge = onPurge
  }

  async store(batch: readonly QueuedAppend[]): Promise<readonly AppendOutcome[]> {
    const channel = batch[0]?.channel ?? ''
    const doing = `Appending to channel "${channel}"`
    this.#batchCount += 1
    const number = this.#batchCount
    const [reply] = await this.#append(doing, channel, batch, number).catch((error: unknown) => {
      if (!wasAnswered(error instanceof Error ? error.cause : error)) this.#voidBatches.set(channel, number)
      throw error
    })
    this.#voidBatches.delete(channel)
    const [epoch = '', purged = '', checkBefore = '', list = ''] = reply?.split(' ') ?? []
    this.#onPurge(Number(purged))
    const outcomes = list.split(',').map((result): AppendOutcome => {
      const [offset, check] = result.split(':')
      if (offset === 'ended') return channelEndedError(channel)
      if (check === undefined) return logError(doing, new Error(`strange answer: ${reply}`))
      return { epoch, offset: Number(offset), check }
    })
    if (this.#follower.follows(channel)) this.#tell(channel, batch, { outcomes, checkBefore })
    return outcomes
  }

  /** Those who follow in this process need no news of it from the server. */
  #tell(channel: string, batch: readonly QueuedAppend[], { outcomes, checkBefore }: Stored): void {
    let previous = checkBefore
    outcomes.forEach((outcome, index) => {
      const entry = batch[index]?.entry
      // With an idempotency key it may be where another entry is.
      if (outcome instanceof Error || entry === undefined || entry.check !== outcome.check) return
      const { epoch, offset } = outcome
      this.#follower.take(channel, { epoch, offset, previous, entry: { ...entry, offset } })
      previous = entry.check
    })
  }

  #append(
    doing: string,
    channel: string,
    batch: readonly QueuedAppend[],
    number: number,
  ): Promise<readonly (string | null)[]> {
    const { database, schema, notify, retentions } = this.#parts
    const entries = batch.map(({ entry }) => entry)
    const hasKey = batch.some(({ idempotencyKey }) => idempotencyKey !== undefined)
    const hasEnd = entries.some(({ kind }) => kind === 'end')
    return database.query({
      doing,
      text: `SELECT ${schema}.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      values: [
        channel,
        batch.map(({ text }) => text),
        entries.map(({ check }) => check),
        entries.map(({ data }) => Buffer.byteLength(data)),
        hasEnd ? entries.map(({ kind }) => kind === 'end') : null,
        hasKey ? batch.map(({ idempotencyKey }) => keyText(idempotencyKey)) : null,
        retentions.get(channel),
        this.#writer,
        number,
        this.#voidBatches.get(channel) ?? null,
        notify,
      ],
    })
  }
}

/** As JSON: PostgreSQL's text has no room for NUL, and lone surrogates would become all the same. */
export function keyText(idempotencyKey: string | undefined): string | null {
  return idempotencyKey === undefined ? null : JSON.stringify(idempotencyKey)
}
