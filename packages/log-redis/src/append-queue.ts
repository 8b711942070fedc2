import { type AppendOptions, type Entry, type Position, SseError } from '@rivulet/core'
import type { Engine } from './engine.ts'
import { encodeEntry } from './entry-text.ts'
import type { KeyNames } from './key-names.ts'
import { logError } from './log-error.ts'
import { appendScript } from './script/append.ts'

/** The contract asks for two minutes from the moment the first call has its answer. */
const rememberMs = 3 * 60 * 1000
/** A script keeps the server from everything else: about two milliseconds for so many. */
const maxBatchEntries = 128
const maxBatchBytes = 1024 * 1024

interface Waiting {
  readonly text: string
  readonly entry: Entry
  readonly idempotencyKey: string | undefined
  resolve(position: Position): void
  reject(error: unknown): void
  /** Called when nobody waits any more. */
  release(): void
}

/** What the queues of one log share. */
export interface AppendParts {
  readonly engine: Engine
  readonly names: KeyNames
  /** Names this log in what Redis remembers of it. */
  readonly writer: string
  /** Of all batches of this log. */
  nextBatch(): number
  /** ARGV 1 and 2 of every script. */
  scriptStart(channel: string): readonly [epoch: string, retention: string]
}

/**
 * One channel's appends, in the order of the calls. One batch is on its way, and what is appended meanwhile becomes the next:
 * alone an append is sent at once, and under load one script stores many.
 */
export class AppendQueue {
  readonly #channel: string
  readonly #parts: AppendParts
  readonly #onIdle: () => void
  readonly #waiting: Waiting[] = []
  #sending: Promise<void> | null = null

  constructor(channel: string, parts: AppendParts, onIdle: () => void) {
    this.#channel = channel
    this.#parts = parts
    this.#onIdle = onIdle
  }

  append(entry: Entry, { idempotencyKey, signal }: AppendOptions): Promise<Position> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        const place = this.#waiting.indexOf(waiting)
        if (place >= 0) this.#waiting.splice(place, 1)
        reject(signal?.reason)
      }
      const release = () => signal?.removeEventListener('abort', onAbort)
      const waiting: Waiting = { text: encodeEntry(entry), entry, idempotencyKey, resolve, reject, release }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      this.#sending ??= this.#send()
    })
  }

  /** Refuses what waits, and resolves when what is on its way has been answered. */
  async close(error: unknown): Promise<void> {
    for (const { reject, release } of this.#waiting.splice(0)) {
      release()
      reject(error)
    }
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch()
      try {
        this.#settle(batch, await this.#store(batch))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      for (const { release } of batch) release()
    }
    this.#sending = null
    this.#onIdle()
  }

  #takeBatch(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const { text } of this.#waiting) {
      bytes += text.length
      if (count > 0 && (count === maxBatchEntries || bytes > maxBatchBytes)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  #store(batch: readonly Waiting[]): Promise<unknown> {
    const { engine, names, writer, nextBatch, scriptStart } = this.#parts
    const channel = this.#channel
    const { publishCommand } = engine.driver
    const keys: string[] = [...names.history(channel), names.writer(channel, writer)]
    const args: string[] = [...scriptStart(channel), publishCommand, names.published(channel)]
    args.push(String(nextBatch()), String(rememberMs))
    for (const { text, entry, idempotencyKey } of batch) {
      if (idempotencyKey !== undefined) keys.push(names.idempotency(channel, idempotencyKey))
      const place = idempotencyKey === undefined ? 0 : keys.length
      const size = Buffer.byteLength(entry.data)
      args.push(text, entry.check, String(entry.at), String(size), entry.kind, String(place))
    }
    return engine.run({ doing: `Appending to channel "${channel}"`, script: appendScript, keys, args })
  }

  /** The answer: the epoch, and behind a space for each entry `offset:check` or `ended`, with commas between. */
  #settle(batch: readonly Waiting[], reply: unknown): void {
    const [epoch = '', list = ''] = String(reply).split(' ')
    const results = list.split(',')
    batch.forEach(({ resolve, reject }, index) => {
      const [offset, check] = (results[index] ?? '').split(':')
      if (offset === 'ended') reject(endedError(this.#channel))
      else if (check !== undefined) resolve({ epoch, offset: Number(offset), check })
      else reject(logError(`Appending to channel "${this.#channel}"`, new Error(`strange answer: ${reply}`)))
    })
  }
}

function endedError(channel: string): SseError {
  return new SseError(
    'ERR_SSE_CHANNEL_ENDED',
    `The channel "${channel}" was ended; nothing can be published to it.`,
  )
}
