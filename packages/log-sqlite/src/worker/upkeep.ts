import { statSync } from 'node:fs'
import { dropHistory, findChannel, isUntouched, saveRetention } from '../file/channel-row.ts'
import { deletedAtOnce } from '../file/trim.ts'
import type { Database } from './database.ts'

const idleChannelsAtOnce = 100
/** From this size on the WAL is to begin anew, where the file system or a reader has kept it from doing so by itself. */
const largeWalBytes = 32 * 1024 * 1024
/** Unused pages of the file that stay for what comes next. */
const sparePages = 1_000
const freedPagesAtOnce = 500

/** What is done now and then, a little at a time. Each is a function that says whether there is more of it to do. */
export class Upkeep {
  readonly #database: Database
  readonly #file: string

  constructor(database: Database, file: string) {
    this.#database = database
    this.#file = file
  }

  /** Whether a write is worth its lock; looked at within a read. */
  isDue(followed: Iterable<string>): boolean {
    const database = this.#database
    for (const channel of followed) {
      const row = findChannel(database, channel)
      if (row !== undefined && isUntouched(row)) return true
    }
    const now = Date.now()
    return (
      database.get('SELECT 1 FROM dropped LIMIT 1') !== undefined ||
      database.get('SELECT 1 FROM channel WHERE expires_at < ? LIMIT 1', now) !== undefined ||
      database.get('SELECT 1 FROM idempotency WHERE until < ? LIMIT 1', now) !== undefined ||
      this.#spareCount() > sparePages
    )
  }

  /** Within a write. */
  tidy(followed: Iterable<string>): boolean {
    this.#touch(followed)
    const isMore = [this.#forgetIdle(), this.#clearDropped(), this.#forgetKeys()]
    return isMore.includes(true)
  }

  /** Gives unused pages back to the file system. Within a write. */
  shrink(): void {
    const spare = this.#spareCount() - sparePages
    if (spare > 0) this.#database.all(`PRAGMA incremental_vacuum(${Math.min(spare, freedPagesAtOnce)})`)
  }

  /** Lets the WAL begin anew where it has become large. Where somebody reads or writes it stays for another time. */
  checkpoint(): void {
    const size = statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (size > largeWalBytes) this.#database.checkpoint('TRUNCATE')
  }

  #touch(followed: Iterable<string>): void {
    for (const channel of followed) {
      const row = findChannel(this.#database, channel)
      if (row !== undefined && isUntouched(row)) saveRetention(this.#database, row)
    }
  }

  #forgetIdle(): boolean {
    const idle = this.#database.all(
      'SELECT history FROM channel WHERE expires_at < ? LIMIT ?',
      Date.now(),
      idleChannelsAtOnce,
    )
    for (const { history } of idle) dropHistory(this.#database, Number(history))
    return idle.length === idleChannelsAtOnce
  }

  #clearDropped(): boolean {
    const dropped = this.#database.get('SELECT history FROM dropped LIMIT 1')
    if (dropped === undefined) return false
    const history = Number(dropped.history)
    for (const table of ['entry', 'idempotency']) {
      const key = table === 'entry' ? 'seq' : 'id'
      const some = `SELECT ${key} FROM ${table} WHERE history = ? LIMIT ${deletedAtOnce}`
      this.#database.run(`DELETE FROM ${table} WHERE ${key} IN (${some})`, history)
    }
    const isEmpty =
      this.#database.get('SELECT 1 FROM entry WHERE history = ? LIMIT 1', history) === undefined &&
      this.#database.get('SELECT 1 FROM idempotency WHERE history = ? LIMIT 1', history) === undefined
    if (isEmpty) this.#database.run('DELETE FROM dropped WHERE history = ?', history)
    return true
  }

  #forgetKeys(): boolean {
    const old = `SELECT id FROM idempotency WHERE until < ? LIMIT ${deletedAtOnce}`
    this.#database.run(`DELETE FROM idempotency WHERE id IN (${old})`, Date.now())
    return false
  }

  #spareCount(): number {
    return Number(this.#database.get('PRAGMA freelist_count')?.freelist_count)
  }
}
