import { findChannel, nameOf, storedName } from '../file/channel-row.ts'
import type { Numbers } from '../file/own-entries.ts'
import type { Head, News } from '../file/protocol.ts'
import type { Database } from './database.ts'

/** More new entries than that since the last look: those who follow read for themselves. */
const maxNews = 2_000

/** Newest numbers that were given out. */
interface Mark {
  readonly seq: number
  readonly history: number
}

/** Sees what other processes have stored in the channels that are followed. */
export class NewsReader {
  readonly #database: Database
  readonly #ownEntries: () => Numbers | undefined
  /** By stored name: the channel's own. */
  readonly #followed = new Map<string, string>()
  /** Everything up to these numbers is known; `null`: nothing is, since another file was put in place of the one before. */
  #mark: Mark | null = null
  #fileCount = 0
  /** What this process had stored before the transaction began: it is told of that already. */
  #own: Numbers | undefined
  /** Where own entries began that are of a state of the file that was rolled back. */
  #staleFirst: number | undefined

  /** @param ownEntries What the publishers' thread has stored in the file that is open. */
  constructor(database: Database, ownEntries: () => Numbers | undefined) {
    this.#database = database
    this.#ownEntries = ownEntries
  }

  get isNeeded(): boolean {
    return this.#followed.size > 0
  }

  get channels(): Iterable<string> {
    return this.#followed.values()
  }

  follow(channel: string): void {
    if (!this.isNeeded) this.skip()
    this.#followed.set(storedName(channel), channel)
  }

  unfollow(channel: string): void {
    this.#followed.delete(storedName(channel))
  }

  /** Nothing that is there now is news. Within a read or write. */
  skip(): void {
    this.#mark = this.#newest()
  }

  /** What was known is of another file. */
  forget(): void {
    this.#fileCount += 1
    this.#mark = null
  }

  /** What is new since the last call, in order; `null` where that cannot be told. Within a read or write. */
  collect(): readonly News[] | null {
    const old = this.#mark
    const newest = this.#newest()
    this.#mark = newest
    if (!this.isNeeded) return []
    if (old === null || newest.seq < old.seq || newest.history < old.history) {
      this.#staleFirst = this.#own?.first
      return null
    }
    const known = this.#knownAfter(old.seq, newest.seq)
    if (newest.seq - known > maxNews) return null
    if (newest.seq === known && newest.history === old.history) return []
    return [...this.#begun(old.history), ...this.#stored(known)]
  }

  /** A write's own work, with what others have stored before it: its own entries are no news. Within a write. */
  around<T>(work: () => T): { result: T; news: readonly News[] | null } {
    if (!this.isNeeded) return { result: work(), news: [] }
    const news = this.collect()
    const result = work()
    this.skip()
    return { result, news }
  }

  /** A read or write that collects. Where it fails, its commit too, what it has collected is still news. */
  unlessItFails<T>(transaction: () => T): T {
    const [old, fileCount] = [this.#mark, this.#fileCount]
    this.#own = this.#ownEntries()
    try {
      return transaction()
    } catch (error) {
      this.#mark = fileCount === this.#fileCount ? old : null
      throw error
    }
  }

  heads(): readonly Head[] {
    return [...this.channels].map((channel) => {
      const row = findChannel(this.#database, channel)
      const position = row === undefined ? null : { epoch: row.epoch, offset: row.head, check: row.headCheck }
      return { channel, position }
    })
  }

  /** Up to which number nothing is news, where everything up to `seq` is known. */
  #knownAfter(seq: number, newest: number): number {
    const before = this.#own
    if (before === undefined || before.first === this.#staleFirst) return seq
    // Of a state that was rolled back, or not all of what came since this was last looked at.
    if (before.last > newest || before.first > seq + 1) return seq
    // What came since the transaction began is not in it.
    const now = this.#ownEntries()
    const last = now?.first === before.first ? Math.min(now.last, newest) : before.last
    return Math.max(seq, last)
  }

  #newest(): Mark {
    const rows = this.#database.all('SELECT name, seq FROM sqlite_sequence')
    const of = (table: string) => Number(rows.find(({ name }) => name === table)?.seq ?? 0)
    return { seq: of('entry'), history: of('channel') }
  }

  /** Histories that were begun: of channels that are followed, none of them was expected. */
  #begun(after: number): News[] {
    return this.#database
      .all('SELECT name, epoch FROM channel WHERE history > ?', after)
      .filter(({ name }) => this.#followed.has(String(name)))
      .map(({ name, epoch }) => {
        return { channel: nameOf(name), epoch: String(epoch), offset: 0, previous: '0', body: null }
      })
  }

  #stored(after: number): News[] {
    const rows = this.#database.all(
      `SELECT seq, name, epoch, offset, previous FROM entry JOIN channel USING (history)
        WHERE seq > ? ORDER BY seq`,
      after,
    )
    return rows.flatMap(({ seq, name, epoch, offset, previous }) => {
      const channel = this.#followed.get(String(name))
      if (channel === undefined) return []
      const body = String(this.#database.get('SELECT body FROM entry WHERE seq = ?', Number(seq))?.body)
      return { channel, epoch: String(epoch), offset: Number(offset), previous: String(previous), body }
    })
  }
}
