import assert from 'node:assert/strict'
// Not the globals, which a test may have replaced by fakes.
import { clearTimeout, setTimeout } from 'node:timers'
import type { Entry, EventLog, Position, ReadResult, StoredEntry } from '@rivulet/core'
import type { LogCapability, LogHarness } from './log-harness.ts'

/** One test of the suite. */
export interface LogCase {
  readonly name: string
  readonly needs?: readonly LogCapability[]
  readonly run: (bench: Bench) => Promise<void>
}

const everything = 100_000
let madeCount = 0

/** An entry that differs from all others. */
export function entry(fields: Partial<Entry> = {}): Entry {
  madeCount += 1
  const check = madeCount.toString(36).padStart(4, 'z').slice(-4)
  return { v: 1, kind: 'event', data: `entry ${madeCount}`, topics: [], at: Date.now(), check, ...fields }
}

/** So many of them. */
export function entries(count: number, fields: Partial<Entry> = {}): Entry[] {
  return Array.from({ length: count }, () => entry(fields))
}

interface TailSetup {
  readonly channel?: string | undefined
  readonly log?: EventLog | undefined
  /** Called behind each batch. */
  readonly onEntries?: ((follower: Follower, batch: readonly StoredEntry[]) => void) | undefined
}

/** What a running test has: logs over one storage, and those who follow them. After it everything is closed. */
export class Bench {
  /** A channel that no other test uses, should the storage be one for all. */
  readonly channel = `suite-${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
  readonly harness: LogHarness
  readonly #patienceMs: number
  readonly #logs: EventLog[] = []
  readonly #followers: Follower[] = []
  #log: EventLog | undefined

  constructor(harness: LogHarness, patienceMs: number) {
    this.harness = harness
    this.#patienceMs = patienceMs
  }

  /** The first log. */
  get log(): EventLog {
    if (this.#log === undefined) throw new Error('Open a log first.')
    return this.#log
  }

  async open(): Promise<EventLog> {
    const log = await this.harness.open()
    this.#log ??= log
    this.#logs.push(log)
    return log
  }

  /** Appends one after the other. */
  async append(all: readonly Entry[], channel = this.channel, log = this.log): Promise<Position[]> {
    const positions: Position[] = []
    for (const one of all) positions.push(await log.append(channel, one))
    return positions
  }

  readAll(channel = this.channel, log = this.log): Promise<ReadResult> {
    return log.read(channel, { after: 'start', limit: everything })
  }

  bounds(channel = this.channel, log = this.log): Promise<ReadResult> {
    return log.read(channel, { after: 'head', limit: 0 })
  }

  /** Asks again until something holds: for what a log does in its own time. */
  async until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean, what: string): Promise<T> {
    const deadline = performance.now() + this.#patienceMs
    for (;;) {
      const answer = await ask()
      if (holds(answer)) return answer
      if (performance.now() > deadline) assert.fail(`waited ${this.#patienceMs} ms for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** What a promise gives, if it does so in time. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new assert.AssertionError({ message: `waited ${this.#patienceMs} ms for ${what}` }))
      }, this.#patienceMs)
    })
    try {
      return await Promise.race([promise, tooLate])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Follows a channel, noting all that comes. */
  tail(after: Position, { channel = this.channel, log = this.log, onEntries }: TailSetup = {}): Follower {
    const follower = new Follower(this, { log, channel, after, onEntries })
    this.#followers.push(follower)
    return follower
  }

  async finish(): Promise<void> {
    const stopped = this.#followers.map((follower) => this.within(follower.stop(), 'a tail to end'))
    const results = await Promise.allSettled(stopped)
    for (const log of this.#logs) await this.within(log.close(), 'a log to close')
    await this.harness.close?.()
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}

/** One tail, and what it brought. */
export class Follower {
  readonly entries: StoredEntry[] = []
  readonly resets: Position[] = []
  readonly errors: unknown[] = []
  readonly ended: Promise<void>
  readonly #bench: Bench
  readonly #controller = new AbortController()
  #position: Position
  #isInterrupted = false
  #wake: (() => void) | undefined
  /** What was wrong with a call; thrown where the test waits, since no handler may throw. */
  #fault: unknown

  readonly #onEntries: TailSetup['onEntries']

  constructor(
    bench: Bench,
    { log, channel, after, onEntries }: TailSetup & { log: EventLog; channel: string; after: Position },
  ) {
    this.#bench = bench
    this.#onEntries = onEntries
    this.#position = after
    this.ended = log.tail(
      channel,
      { after, signal: this.#controller.signal },
      {
        entries: (batch) => this.#take(batch),
        reset: (position) => {
          this.#note(() => this.#assertFollowing())
          this.resets.push(position)
          this.entries.length = 0
          this.#position = position
          this.#wake?.()
        },
        error: (error) => {
          this.#note(() => this.#assertFollowing())
          this.errors.push(error)
          this.#isInterrupted = true
        },
        recovered: () => {
          this.#note(() => this.#assertFollowing())
          this.#isInterrupted = false
          this.#wake?.()
        },
      },
    )
    this.ended.catch(() => {})
  }

  /** Waits until it has brought so many since the last reset, and not one more. */
  async have(expected: readonly Entry[]): Promise<void> {
    await this.#bench.within(
      this.#arrived(() => this.entries.length >= expected.length),
      `${expected.length} entries of a tail`,
    )
    assert.deepEqual(checksOf(this.entries), checksOf(expected), 'the tail brings each entry once, in order')
  }

  /** Waits until the tail was told to begin anew. */
  async haveReset(count = 1): Promise<void> {
    await this.#bench.within(
      this.#arrived(() => this.resets.length >= count),
      'the tail to be reset',
    )
  }

  /** Waits until it has said that it works again, if it has said that it doesn't. */
  async haveRecovered(): Promise<void> {
    await this.#bench.within(
      this.#arrived(() => !this.#isInterrupted),
      'the tail to say that it follows again',
    )
  }

  /** Aborts the tail. */
  abort(): void {
    this.#controller.abort()
  }

  /** Aborts the tail and waits for its end. */
  async stop(): Promise<void> {
    this.abort()
    await this.ended
    this.#rethrow()
  }

  async #arrived(holds: () => boolean): Promise<void> {
    this.#rethrow()
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#rethrow()
    }
  }

  #rethrow(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  #note(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#fault ??= error
      this.#wake?.()
    }
  }

  #take(batch: readonly StoredEntry[]): void {
    this.#note(() => this.#assertFollowing())
    for (const one of batch) {
      const expected = this.#position.offset + 1
      this.#note(() => {
        assert.equal(one.offset, expected, 'a tail brings offsets without holes or repetition')
      })
      this.#position = { ...this.#position, offset: one.offset, check: one.check }
      this.entries.push(one)
    }
    this.#onEntries?.(this, batch)
    this.#wake?.()
  }

  #assertFollowing(): void {
    assert.equal(this.#controller.signal.aborted, false, 'nothing is called after the abort')
  }
}

/** What tells entries apart. */
export function checksOf(all: readonly { readonly check: string }[]): string[] {
  return all.map(({ check }) => check)
}

/** A position before the first entry of a history. */
export function startOf({ epoch }: { readonly epoch: string }): Position {
  return { epoch, offset: 0, check: '0' }
}

/** Dense, from the first entry there is to the head. */
export function assertDense({ entries: all, first, head }: ReadResult): void {
  assert.deepEqual(
    all.map(({ offset }) => offset),
    Array.from({ length: head - first + 1 }, (_each, index) => first + index),
    'offsets are dense from first to head',
  )
}
