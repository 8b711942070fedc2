import { type AppendRequest, fieldCount } from '../file/protocol.ts'

const pageBytes = 4096
/**
 * From so many pages on the WAL is to be moved into the file: 16 MiB. SQLite itself would from 4 MiB on, since whoever writes waits for it then; here
 * another thread does it, and what each time costs beside it is a batch that waits.
 */
const duePages = 4_000
/** So many pages are not left to what is stored while a checkpoint is under way. */
const maxPages = 8_000
/** Of an entry beside its payload: the rest of its text, and its place in the index. */
const entryBytes = 200

/**
 * How much this thread adds to the WAL, about. A checkpoint in another thread keeps nobody from writing, but then the WAL begins anew only if
 * nobody does; under load it needs a moment in which this thread stores nothing.
 */
export class WalGrowth {
  /** Since it last began anew. */
  #pages = 0
  #isAsked = false
  #mustRestart = false

  /** @returns whether it is time for a checkpoint. */
  add({ bytes, fields, keys }: AppendRequest): boolean {
    const entryCount = fields.length / fieldCount
    // Of each commit the channel's row, the last number and the ends of the table and of its index, for keys three more; and as much is
    // trimmed as is stored.
    this.#pages += 4 + (keys === undefined ? 0 : 3) + (2 * (bytes + entryBytes * entryCount)) / pageBytes
    if (this.#isAsked || this.#pages < duePages) return false
    this.#isAsked = true
    return true
  }

  checkpointed(wal: 'restarted' | 'growing'): void {
    if (wal === 'growing') this.#mustRestart = true
    else this.#begin()
  }

  /** Whether somebody else is to let it begin anew now. Said once: where somebody reads for long it may not be possible. */
  takeRestart(): boolean {
    if (!this.#mustRestart && this.#pages < maxPages) return false
    this.#begin()
    return true
  }

  #begin(): void {
    this.#pages = 0
    this.#isAsked = false
    this.#mustRestart = false
  }
}
