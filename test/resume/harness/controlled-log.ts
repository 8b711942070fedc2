import type {
  AppendOptions,
  Entry,
  EventLog,
  Position,
  ReadOptions,
  ReadResult,
  Retention,
  StoredEntry,
  TailHandlers,
  TailOptions,
} from '@rivulet/core'
import { SseError } from '@rivulet/core'

/** One thing that an engine is asked, and has not answered. */
interface Gate {
  readonly open: () => void
  readonly fail: (error: Error) => void
}

interface Follower {
  readonly handlers: TailHandlers
  position: Position
  isBusy: boolean
  isStopped: boolean
}

class Stored {
  epoch = randomText(6)
  entries: StoredEntry[] = []
  trimmedCheck = '0'
  first = 1
  maxEvents = Number.POSITIVE_INFINITY
  isEnded = false
  readonly followers = new Set<Follower>()
  /** Appends of one instance are stored in the order of the calls. */
  queue: Promise<unknown> = Promise.resolve()

  get head(): Position {
    const last = this.entries.at(-1)
    return {
      epoch: this.epoch,
      offset: this.first - 1 + this.entries.length,
      check: last?.check ?? this.trimmedCheck,
    }
  }

  get start(): Position {
    return { epoch: this.epoch, offset: this.first - 1, check: this.trimmedCheck }
  }

  checkAt(offset: number): string | undefined {
    return offset === this.first - 1 ? this.trimmedCheck : this.entries[offset - this.first]?.check
  }

  invalidity({ epoch, offset, check }: Position): 'expired' | 'unknown' | undefined {
    if (epoch !== this.epoch || offset > this.head.offset) return 'unknown'
    if (offset < this.first - 1) return 'expired'
    return this.checkAt(offset) === check ? undefined : 'unknown'
  }

  trim(): void {
    while (this.entries.length > this.maxEvents) {
      this.trimmedCheck = this.entries.shift()?.check ?? '0'
      this.first += 1
    }
  }
}

/**
 * A log that answers when the test says so: everything it is asked waits at a gate, once before it is done and once before
 * the answer, and can be made to fail at either. It can lose its history, whole or behind an entry.
 */
export class ControlledLog implements EventLog {
  /** Gates open by themselves. */
  isPrompt = true
  readCount = 0
  readonly gates: Gate[] = []
  readonly #channels = new Map<string, Stored>()

  async append(channel: string, entry: Entry, _options?: AppendOptions): Promise<Position> {
    const stored = this.#stored(channel)
    const before = stored.queue
    const done = (async () => {
      await before
      await this.#gate()
      return this.#store(channel, entry)
    })()
    stored.queue = done.catch(() => {})
    const position = await done
    await this.#gate()
    return position
  }

  async read(channel: string, { after, limit, signal }: ReadOptions): Promise<ReadResult> {
    this.readCount += 1
    await this.#gate()
    signal?.throwIfAborted()
    const result = this.#read(this.#stored(channel), after, limit)
    await this.#gate()
    signal?.throwIfAborted()
    return result
  }

  tail(channel: string, { after, signal }: TailOptions, handlers: TailHandlers): Promise<void> {
    const follower: Follower = { handlers, position: after, isBusy: false, isStopped: signal.aborted }
    this.#stored(channel).followers.add(follower)
    void this.#serve(channel, follower)
    return new Promise((resolve) => {
      const stop = () => {
        follower.isStopped = true
        this.#stored(channel).followers.delete(follower)
        resolve()
      }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
  }

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    await this.#gate()
    this.#stored(channel).maxEvents = retention.maxEvents ?? Number.POSITIVE_INFINITY
  }

  async delete(channel: string): Promise<void> {
    this.lose(channel)
  }

  async close(): Promise<void> {}

  /** The channel's history is lost, and there is another one. */
  lose(channel: string): void {
    const stored = this.#stored(channel)
    stored.epoch = randomText(6)
    stored.entries = []
    stored.first = 1
    stored.trimmedCheck = '0'
    stored.isEnded = false
    this.#announce(channel)
  }

  /** Everything behind an entry is lost, and the log goes on under the same epoch. */
  rollBack(channel: string, offset: number): void {
    const stored = this.#stored(channel)
    stored.entries.length = offset - stored.first + 1
    stored.isEnded = stored.entries.some(({ kind }) => kind === 'end')
    this.#announce(channel)
  }

  /** Offsets of what the log has now. */
  entries(channel: string): readonly StoredEntry[] {
    return this.#stored(channel).entries
  }

  /** Lets a waiting call go on, or fails it. */
  release(index: number, fails = false): void {
    const [gate] = this.gates.splice(index % Math.max(this.gates.length, 1), 1)
    if (fails) gate?.fail(new SseError('ERR_SSE_LOG_TEST', 'The log of this test failed.'))
    else gate?.open()
  }

  /** From now on everything is answered at once. */
  heal(): void {
    this.isPrompt = true
    for (const gate of this.gates.splice(0)) gate.open()
  }

  async #serve(channel: string, follower: Follower): Promise<void> {
    if (follower.isBusy) return
    follower.isBusy = true
    while (!follower.isStopped && this.#isNews(channel, follower)) {
      try {
        await this.#gate()
      } catch (error) {
        if (!follower.isStopped) follower.handlers.error(error)
        continue
      }
      if (!follower.isStopped) this.#deliver(this.#stored(channel), follower)
    }
    follower.isBusy = false
  }

  #isNews(channel: string, { position }: Follower): boolean {
    const { head } = this.#stored(channel)
    return head.epoch !== position.epoch || head.offset !== position.offset || head.check !== position.check
  }

  #deliver(stored: Stored, follower: Follower): void {
    const { entries, after, invalid } = this.#read(stored, follower.position, 3)
    if (invalid !== undefined) {
      follower.position = after
      follower.handlers.reset(after)
    }
    const last = entries.at(-1)
    if (last === undefined) return
    follower.position = { epoch: stored.epoch, offset: last.offset, check: last.check }
    follower.handlers.entries(entries)
  }

  #read(stored: Stored, after: ReadOptions['after'], limit: number): ReadResult {
    const { epoch, first, head, isEnded, start } = stored
    const invalid = typeof after === 'string' ? undefined : stored.invalidity(after)
    let from = start
    if (after === 'head') from = head
    else if (after !== 'start' && invalid === undefined) from = after
    const index = from.offset - first + 1
    return {
      entries: stored.entries.slice(index, index + limit),
      first,
      head: head.offset,
      epoch,
      after: from,
      ended: isEnded,
      ...(invalid === undefined ? {} : { invalid }),
    }
  }

  #store(channel: string, entry: Entry): Position {
    const stored = this.#stored(channel)
    if (stored.isEnded) throw new SseError('ERR_SSE_CHANNEL_ENDED', `Channel ${channel} was ended.`)
    stored.entries.push({ ...entry, offset: stored.head.offset + 1 })
    stored.isEnded = entry.kind === 'end'
    const position = stored.head
    stored.trim()
    this.#announce(channel)
    return position
  }

  #announce(channel: string): void {
    for (const follower of this.#stored(channel).followers) void this.#serve(channel, follower)
  }

  #gate(): Promise<void> {
    if (this.isPrompt) return Promise.resolve()
    return new Promise((resolve, reject) => this.gates.push({ open: resolve, fail: reject }))
  }

  #stored(channel: string): Stored {
    let stored = this.#channels.get(channel)
    if (stored === undefined) {
      stored = new Stored()
      this.#channels.set(channel, stored)
    }
    return stored
  }
}

function randomText(length: number): string {
  return Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz'[Math.floor(Math.random() * 26)]).join('')
}
