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

/** What is wrong with a log. */
export type Defect =
  | 'loses an entry under concurrency'
  | 'repeats after a reconnect'
  | 'has a hole'
  | 'forgets its epoch'
  | 'never says that it follows again'
  | 'refills after a rollback, and does not honour checks'

interface Stored {
  epoch: string
  entries: StoredEntry[]
  first: number
  trimmedCheck: string
  isEnded: boolean
  retention: Retention
  readonly keys: Map<string, Promise<Position>>
}

let epochCount = 0

function nextEpoch(): string {
  epochCount += 1
  return `E${epochCount}`
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** An engine of several clients, as small as one can be; each step of a client takes a turn of the event loop. */
export class Engine {
  readonly defect: Defect | null
  readonly channels = new Map<string, Stored>()
  readonly clients = new Set<EngineLog>()

  constructor(defect: Defect | null = null) {
    this.defect = defect
  }

  channel(name: string): Stored {
    let stored = this.channels.get(name)
    if (stored === undefined) {
      stored = {
        epoch: this.defect === 'forgets its epoch' ? 'E0' : nextEpoch(),
        entries: [],
        first: 1,
        trimmedCheck: '0',
        isEnded: false,
        retention: {},
        keys: new Map(),
      }
      this.channels.set(name, stored)
    }
    return stored
  }

  open(): EngineLog {
    const client = new EngineLog(this)
    this.clients.add(client)
    return client
  }

  interrupt(): void {
    for (const client of this.clients) client.disconnect()
  }

  rollBack(name: string, offset: number): void {
    const stored = this.channel(name)
    stored.entries = stored.entries.filter((entry) => entry.offset <= offset)
  }

  changed(): void {
    for (const client of this.clients) client.look()
  }
}

interface Tail {
  readonly channel: string
  readonly handlers: TailHandlers
  readonly end: () => void
  position: Position
  isInterrupted: boolean
}

class EngineLog implements EventLog {
  readonly #engine: Engine
  readonly #tails = new Set<Tail>()
  #queue: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #isConnected = true

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const { keys } = this.#engine.channel(channel)
    const { idempotencyKey: key } = options
    const known = key === undefined ? undefined : keys.get(key)
    if (known !== undefined) return known
    const before = this.#queue
    const appending = (async () => {
      await before
      await this.#connected()
      return this.#store(channel, entry)
    })()
    this.#queue = appending.catch(() => {})
    if (key !== undefined) keys.set(key, appending)
    return appending
  }

  async read(channel: string, { after, limit, signal }: ReadOptions): Promise<ReadResult> {
    this.#assertOpen()
    signal?.throwIfAborted()
    await this.#connected()
    return this.#read(channel, after, limit)
  }

  async tail(channel: string, { after, signal }: TailOptions, handlers: TailHandlers): Promise<void> {
    this.#assertOpen()
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const tail: Tail = { channel, handlers, position: after, isInterrupted: false, end: () => resolve() }
      this.#tails.add(tail)
      signal.addEventListener('abort', () => {
        this.#tails.delete(tail)
        resolve()
      })
      this.look()
    })
  }

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    this.#engine.channel(channel).retention = retention
  }

  async delete(channel: string): Promise<void> {
    this.#assertOpen()
    this.#engine.channels.delete(channel)
    this.#engine.changed()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#engine.clients.delete(this)
    for (const tail of this.#tails) tail.end()
    this.#tails.clear()
  }

  /** The connection breaks, and is there again a few turns later. */
  disconnect(): void {
    this.#isConnected = false
    for (const tail of this.#tails) {
      tail.handlers.error(new SseError('ERR_SSE_LOG_ENGINE', 'The connection broke.'))
      tail.isInterrupted = true
      if (this.#engine.defect === 'repeats after a reconnect' && tail.position.offset > 0) {
        const { entries } = this.#engine.channel(tail.channel)
        const before = entries.find(({ offset }) => offset === tail.position.offset - 1)
        tail.position = { ...tail.position, offset: tail.position.offset - 1, check: before?.check ?? '0' }
      }
    }
    setImmediate(() => {
      setImmediate(() => {
        this.#isConnected = true
        this.look()
      })
    })
  }

  /** Something may be new for the tails. */
  look(): void {
    for (const tail of this.#tails) {
      setImmediate(() => {
        if (this.#tails.has(tail) && this.#isConnected) this.#serve(tail)
      })
    }
  }

  #serve(tail: Tail): void {
    const { entries, after, invalid } = this.#read(tail.channel, tail.position, 10_000)
    if (tail.isInterrupted && this.#engine.defect !== 'never says that it follows again') {
      tail.isInterrupted = false
      tail.handlers.recovered?.()
    }
    if (invalid !== undefined) {
      tail.position = after
      tail.handlers.reset(after)
    }
    const last = entries.at(-1)
    if (last === undefined) return
    tail.position = { epoch: after.epoch, offset: last.offset, check: last.check }
    tail.handlers.entries(entries)
  }

  async #store(channel: string, entry: Entry): Promise<Position> {
    const { defect } = this.#engine
    let stored = this.#engine.channel(channel)
    if (stored.isEnded) throw new SseError('ERR_SSE_CHANNEL_ENDED', 'The channel was ended.')
    let offset = stored.first + stored.entries.length
    if (defect === 'loses an entry under concurrency') {
      // Reads, thinks and writes, as if it were alone.
      await turn()
      stored = this.#engine.channel(channel)
    }
    if (defect === 'has a hole' && offset === 4) offset = 5
    stored.entries[offset - stored.first] = { ...entry, offset }
    stored.isEnded = entry.kind === 'end'
    trim(stored)
    this.#engine.changed()
    return { epoch: stored.epoch, offset, check: entry.check }
  }

  #read(channel: string, after: ReadOptions['after'], limit: number): ReadResult {
    const stored = this.#engine.channel(channel)
    trim(stored)
    const { entries, epoch, first, isEnded, trimmedCheck } = stored
    const last = entries.at(-1)
    const head = first - 1 + entries.length
    const start = { epoch, offset: first - 1, check: trimmedCheck }
    const invalid = typeof after === 'string' ? undefined : this.#invalidity(stored, after)
    let from: Position = start
    if (after === 'head') from = { epoch, offset: head, check: last?.check ?? trimmedCheck }
    else if (after !== 'start' && invalid === undefined) from = after
    const some = entries.slice(from.offset - first + 1, from.offset - first + 1 + limit)
    return {
      entries: some.filter((each) => each !== undefined),
      first,
      head,
      epoch,
      after: from,
      ended: isEnded,
      ...(invalid === undefined ? {} : { invalid }),
    }
  }

  #invalidity(stored: Stored, { epoch, offset, check }: Position): 'expired' | 'unknown' | undefined {
    if (epoch !== stored.epoch || offset >= stored.first + stored.entries.length) return 'unknown'
    if (offset < stored.first - 1) return 'expired'
    const isForged = check === '----' || (offset === 0) !== (check === '0')
    if (this.#engine.defect === 'refills after a rollback, and does not honour checks')
      return isForged ? 'unknown' : undefined
    const known =
      offset === stored.first - 1 ? stored.trimmedCheck : stored.entries[offset - stored.first]?.check
    return known === check ? undefined : 'unknown'
  }

  async #connected(): Promise<void> {
    await turn()
    while (!this.#isConnected) await turn()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SseError('ERR_SSE_LOG_CLOSED', 'The log was closed.')
  }
}

function trim(stored: Stored): void {
  const { maxEvents, maxBytes, maxAgeMs } = stored.retention
  const bytes = () => stored.entries.reduce((sum, entry) => sum + (entry?.data.length ?? 0), 0)
  const isOld = () =>
    typeof maxAgeMs === 'number' && (stored.entries[0]?.at ?? Infinity) < Date.now() - maxAgeMs
  while (
    stored.entries.length > (maxEvents ?? Infinity) ||
    (stored.entries.length > 1 && bytes() > (maxBytes ?? Infinity)) ||
    isOld()
  ) {
    stored.trimmedCheck = stored.entries.shift()?.check ?? stored.trimmedCheck
    stored.first += 1
  }
}
