import type { Position } from '@rivulet/core'
import type { Follower } from '@rivulet/core/log-kit'
import type { LogParts } from '../parts.ts'

export interface PollerParts {
  readonly log: LogParts
  readonly follower: Follower
  /** From one answer to the next question while there is something new. */
  readonly minPollMs: number
  /** The same while nothing is new: it doubles up to here. */
  readonly maxPollMs: number
}

/** Asks where all followed channels are, in one statement. */
export class Poller {
  readonly #parts: PollerParts
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #delayMs: number
  /** Polls by its own timer; else only when it is asked to. */
  #isRunning = false
  #isAsking = false
  #lastAskedAt = performance.now()
  /** The heads of the last answer, as they came. */
  #heads = new Map<string, string | null>()

  constructor(parts: PollerParts) {
    this.#parts = parts
    this.#delayMs = parts.minPollMs
  }

  get lastAskedAt(): number {
    return this.#lastAskedAt
  }

  /** Polls from now on, often at first. */
  run(): void {
    const { minPollMs } = this.#parts
    // Asked to by many, it must not begin to wait again each time.
    if (this.#isRunning && this.#delayMs === minPollMs) return
    this.#isRunning = true
    this.#delayMs = minPollMs
    this.#schedule()
  }

  /** Polls no more by itself. */
  rest(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
  }

  stop(): void {
    this.rest()
    this.#stopping.abort()
  }

  /** Asks once, unless it does already. */
  ask(): void {
    if (this.#isAsking || this.#stopping.signal.aborted) return
    clearTimeout(this.#timer)
    this.#isAsking = true
    this.#lastAskedAt = performance.now()
    const { minPollMs, maxPollMs, follower } = this.#parts
    this.#ask()
      .then((isNew) => {
        this.#delayMs = isNew ? minPollMs : Math.min(this.#delayMs * 2, maxPollMs)
      })
      .catch((error: unknown) => {
        this.#delayMs = Math.min(this.#delayMs * 2, maxPollMs)
        if (!this.#stopping.signal.aborted) follower.fail(error)
      })
      .then(() => {
        this.#isAsking = false
        this.#schedule()
      })
      .catch(ignore)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (!this.#isRunning || this.#isAsking) return
    // Processes that were started together should not ask together for ever.
    this.#timer = setTimeout(() => this.ask(), this.#delayMs * (0.75 + Math.random() / 2))
  }

  /** Whether a channel was elsewhere than the time before. */
  async #ask(): Promise<boolean> {
    const { follower, log } = this.#parts
    const channels = [...follower.channels()]
    const heads = await log.database.query({
      doing: 'Following channels',
      text: `SELECT ${log.schema}.heads($1)`,
      values: [channels],
      signal: this.#stopping.signal,
    })
    const before = this.#heads
    this.#heads = new Map()
    let isNew = false
    channels.forEach((channel, index) => {
      const head = heads[index] ?? null
      if (before.get(channel) !== head) isNew = true
      this.#heads.set(channel, head)
      // Where there is no such channel any more, reading makes it anew.
      if (head === null) follower.wake(channel)
      else follower.headIs(channel, decodeHead(head))
    })
    return isNew
  }
}

/** `<epoch> <offset> <check>`, whatever follows. */
export function decodeHead(text: string): Position {
  const [epoch = '', offset, check = ''] = text.split(' ', 3)
  return { epoch, offset: Number(offset), check }
}

/** Nothing before it throws; a handler of a tail must not either. */
function ignore(): void {}
