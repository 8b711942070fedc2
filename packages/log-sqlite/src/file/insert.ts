import type { ChannelRow } from './channel-row.ts'
import type { Value } from './driver/driver.ts'
import type { Numbers } from './own-entries.ts'
import type { Queries } from './session.ts'

const columns = 'history, offset, "check", previous, at, bytes, body'
const row = '(?, ?, ?, ?, ?, ?, ?)'
/** Entries of one statement at most: each count has a statement of its own, which is kept. */
const largest = 64
const upTo = 16

/** What is stored of an entry beside its place. */
export interface StoredFields {
  readonly body: string
  readonly check: string
  readonly at: number
  readonly payloadBytes: number
}

/**
 * Entries behind the heads of their channels. Those of a batch share statements: calling one costs as much as it does for two rows more.
 * Within a write.
 */
export class Insertion {
  readonly #database: Queries
  readonly #values: Value[] = []
  #count = 0

  constructor(database: Queries) {
    this.#database = database
  }

  add(channel: ChannelRow, { body, check, at, payloadBytes }: StoredFields): void {
    const previous = channel.headCheck
    channel.head += 1
    channel.headCheck = check
    channel.bytes += payloadBytes
    this.#values.push(channel.history, channel.head, check, previous, at, channel.bytes, body)
    this.#count += 1
  }

  /** Stores what was added. */
  finish(): Numbers | undefined {
    let last = 0
    const width = this.#values.length / this.#count
    for (let done = 0; done < this.#count; ) {
      const left = this.#count - done
      const count = left >= largest ? largest : Math.min(left, upTo)
      const values =
        count === this.#count ? this.#values : this.#values.slice(done * width, (done + count) * width)
      last = this.#database.runWith(insertOf(count), values)
      done += count
    }
    // Numbers are given out one after the other while nobody else can write.
    return last === 0 ? undefined : { first: last - this.#count + 1, last }
  }
}

const statements = new Map<number, string>()

function insertOf(count: number): string {
  let sql = statements.get(count)
  if (sql === undefined) {
    sql = `INSERT INTO entry (${columns}) VALUES ${Array(count).fill(row).join(', ')}`
    statements.set(count, sql)
  }
  return sql
}
