import type { EventLog, Position, ReadAfter, ReadResult } from '../log/event-log.ts'
import { backOff } from '../log/kit/back-off.ts'
import { type Page, PageReader } from './page-reader.ts'

/** Whose log is read, and who hears of its failures. */
export interface PatientReaderParts {
  readonly log: EventLog
  readonly channel: string
  readonly tag: string
  onError(error: unknown): void
  /** A call has succeeded after one that failed. */
  onRecovered(): void
}

/** Reads a channel's log, trying again for as long as it fails. Rejects with the signal's reason alone. */
export class PatientReader {
  readonly #parts: PatientReaderParts
  readonly #pages: PageReader

  constructor(parts: PatientReaderParts) {
    this.#parts = parts
    this.#pages = new PageReader(parts.log, parts.channel, parts.tag)
  }

  page(after: Position | 'start', signal: AbortSignal): Promise<Page> {
    return this.insist(signal, () => this.#pages.read(after, signal))
  }

  /** Its bounds, and whether a position is valid. */
  bounds(after: ReadAfter, signal: AbortSignal): Promise<ReadResult> {
    const { log, channel } = this.#parts
    return this.insist(signal, () => log.read(channel, { after, limit: 0, signal }))
  }

  /** What it read is of no use any more. */
  forget(): void {
    this.#pages.forget()
  }

  async insist<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const result = await call()
        if (attempt > 0) this.#parts.onRecovered()
        return result
      } catch (error) {
        signal.throwIfAborted()
        this.#parts.onError(error)
        await backOff(attempt, signal)
      }
    }
  }
}
