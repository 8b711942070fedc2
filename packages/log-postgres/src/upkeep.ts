import type { Follower } from '@rivulet/core/log-kit'
import type { LogParts } from './parts.ts'

/** A log that is used looks once in that time whether there is something to clean up; the server says who does it. */
const everyMs = 60_000
/** Rows deleted by this log after which it has the tables vacuumed: autovacuum comes once a minute, and grants others first. */
const rowsPerVacuum = 10_000

/**
 * Keeps the tables as large as what is kept in them. Runs beside the calls that give rise to it, which never wait for it, and is
 * allowed to fail: what was not done now is done the next time, or by autovacuum.
 */
export class Upkeep {
  readonly #parts: LogParts
  readonly #follower: Follower
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #cleanedAt = performance.now()
  #purgedRows = 0
  #pendingRows = 0

  constructor(parts: LogParts, follower: Follower) {
    this.#parts = parts
    this.#follower = follower
  }

  /** Called whenever the log does something. */
  note(): void {
    if (performance.now() - this.#cleanedAt < everyMs) return
    this.#cleanedAt = performance.now()
    this.#run(() => this.clean())
  }

  /** So many rows of entries were deleted. */
  purged(count: number): void {
    this.#purgedRows += count
    if (this.#purgedRows < rowsPerVacuum) return
    this.#purgedRows = 0
    this.#run(() => this.#vacuum(['entries']))
  }

  /** An event was put where commits take it from. */
  published(): void {
    this.#pendingRows += 1
    if (this.#pendingRows < rowsPerVacuum) return
    this.#pendingRows = 0
    // Nobody says how much the commits have trimmed.
    this.#run(() => this.#vacuum(['pending', 'entries']))
  }

  /** Marks followed channels as used, forgets those that are not and keys that have run out. */
  async clean(): Promise<void> {
    const { database, schema, notify } = this.#parts
    const { signal } = this.#stopping
    const doing = 'Cleaning up'
    const channels = [...this.#follower.channels()]
    if (channels.length > 0) {
      await database.query({ doing, text: `SELECT ${schema}.keep($1)::text`, values: [channels], signal })
    }
    await database.query({ doing, text: `SELECT ${schema}.clean($1)::text`, values: [notify], signal })
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#running)
  }

  async #vacuum(names: readonly string[]): Promise<void> {
    const { database, schema } = this.#parts
    const tables = names.map((name) => `${schema}.${name}`).join(', ')
    // Not where somebody else does already; a user that does not own the table is warned by the server, no more.
    await database.query({
      doing: 'Vacuuming',
      text: `VACUUM (SKIP_LOCKED, TRUNCATE OFF) ${tables}`,
      values: [],
      signal: this.#stopping.signal,
    })
  }

  #run(work: () => Promise<void>): void {
    if (this.#stopping.signal.aborted) return
    const running = work()
      .catch(untilNextTime)
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }
}

function untilNextTime(): void {}
