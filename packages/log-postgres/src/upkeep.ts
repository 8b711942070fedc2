import type { Follower } from '@rivulet/core/log-kit'
import type { LogParts } from './parts.ts'

/** A log that is used looks once in that time whether there is something to clean up; the server says who does it. */
const everyMs = 60_000
/** The same after it could not: long before a channel that is followed counts as idle. */
const againMs = 5_000
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
  /** Channels to be marked as used with the next statement. */
  #added = new Set<string>()
  /** That statement, where there is one to come. */
  #nextKeep: Promise<void> | null = null
  #lastKeep: Promise<void> = Promise.resolve()
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
    this.#run(() => this.clean().catch(() => this.#tryAgain()))
  }

  /**
   * Marks a channel as used as soon as it is followed: reading does not, and others may be about to clean up. Those that come while
   * a statement is on its way share the next. Never rejects: what failed is made up for by cleaning up soon.
   */
  keep(channel: string): Promise<void> {
    this.#added.add(channel)
    this.#nextKeep ??= this.#lastKeep.then(() => this.#keepAdded())
    return this.#nextKeep
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
    const channels = [...this.#follower.channels()]
    if (channels.length > 0) await this.#call('keep', channels)
    await this.#call('clean', this.#parts.notify)
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#running)
  }

  #keepAdded(): Promise<void> {
    const channels = [...this.#added]
    this.#added.clear()
    this.#nextKeep = null
    this.#lastKeep = this.#call('keep', channels).catch(() => this.#tryAgain())
    return this.#lastKeep
  }

  #tryAgain(): void {
    this.#cleanedAt = performance.now() - everyMs + againMs
  }

  async #call(name: 'keep' | 'clean', value: unknown): Promise<void> {
    const { database, schema } = this.#parts
    const text = `SELECT ${schema}.${name}($1)::text`
    await database.query({ doing: 'Cleaning up', text, values: [value], signal: this.#stopping.signal })
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
