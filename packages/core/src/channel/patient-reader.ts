import type { EventLog, Position, ReadAfter, ReadResult } from '../log/event-log.ts'
import { backOff } from '../log/kit/back-off.ts'
import { type Abortable, unlessAborted } from './abortable.ts'
import { PageReader } from './page-reader.ts'
import type { PageRead } from './page-shelf.ts'

/** Whose log is read, and who hears of its failures. */
export interface PatientReaderParts {
  readonly log: EventLog
  readonly channel: string
  readonly tag: string
  onError(error: unknown): void
  /** A call has succeeded after one that failed. */
  onRecovered(): void
}

/** Reads a channel's log, trying again for as long as it fails. Rejects with the reason of whoever asks alone. */
export class PatientReader {
  readonly #parts: PatientReaderParts
  readonly #pages: PageReader

  constructor(parts: PatientReaderParts) {
    this.#parts = parts
    this.#pages = new PageReader(parts.log, parts.channel, parts.tag)
  }

  /**
   * The page after a position.
   *
   * @param asker Aborts when whoever asks wants it no more.
   * @param shared Of all who may ask for the same page.
   */
  page(after: Position | 'start', asker: Abortable, shared: AbortSignal): Promise<PageRead> {
    return this.insist(asker, () => unlessAborted(this.#pages.read(after, shared), asker))
  }

  /** Its bounds, and whether a position is valid. */
  bounds(after: ReadAfter, asker: Abortable): Promise<ReadResult> {
    const { log, channel } = this.#parts
    return this.insist(asker, () => log.read(channel, { after, limit: 0, signal: asker.signal }))
  }

  /** What it read is of no use any more. */
  forget(): void {
    this.#pages.forget()
  }

  async insist<T>(asker: Abortable, call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const result = await call()
        if (attempt > 0) this.#parts.onRecovered()
        return result
      } catch (error) {
        asker.throwIfAborted()
        this.#parts.onError(error)
        await backOff(attempt, asker.signal)
      }
    }
  }
}
