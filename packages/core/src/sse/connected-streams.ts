/** What a stream is in the list of an application's streams. */
export interface ConnectedStream {
  readonly closed: string | null
  /** Neighbours in the list, older and newer; kept by the list alone. */
  older: this | null
  newer: this | null
}

/**
 * The streams of an application whose connection has not let go, in the order in which they came: a list that is linked through
 * the streams themselves.
 *
 * Not a Set: one with many comings and goings is copied again and again, and V8 has each old copy refer to the next. The first copy
 * that grew old enough for the old generation keeps all later ones, and every stream in them, alive until the next full collection: a
 * third of what opening a stream cost.
 */
export class ConnectedStreams<Stream extends ConnectedStream> implements Iterable<Stream> {
  /** Those that are open, live: what is iterated over is what is open when the iteration begins. */
  readonly open: ReadonlySet<Stream> = new OpenStreams(this)
  #oldest: Stream | null = null
  #newest: Stream | null = null
  #openCount = 0
  #onEmpty: (() => void) | undefined

  get openCount(): number {
    return this.#openCount
  }

  has(stream: Stream): boolean {
    return stream.older !== null || this.#oldest === stream
  }

  /** Takes in an open stream. */
  add(stream: Stream): void {
    stream.older = this.#newest
    if (this.#newest === null) this.#oldest = stream
    else this.#newest.newer = stream
    this.#newest = stream
    this.#openCount += 1
  }

  /** A stream was closed, whether or not it is here; its last bytes may be going out. */
  closed(stream: Stream): void {
    if (this.has(stream)) this.#openCount -= 1
  }

  /** Lets a closed stream go. */
  remove(stream: Stream): void {
    if (!this.has(stream)) return
    const { older, newer } = stream
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    // What is gone must not keep alive what came after it.
    stream.older = null
    stream.newer = null
    if (this.#oldest === null) this.#onEmpty?.()
  }

  /** Calls back once no stream is left. */
  onceEmpty(listener: () => void): void {
    if (this.#oldest === null) listener()
    else this.#onEmpty = listener
  }

  *[Symbol.iterator](): IterableIterator<Stream> {
    for (let stream = this.#oldest; stream !== null; stream = stream.newer) yield stream
  }
}

/** The open ones of a list, as a Set that cannot be changed. */
class OpenStreams<Stream extends ConnectedStream> implements ReadonlySet<Stream> {
  readonly #connected: ConnectedStreams<Stream>

  constructor(connected: ConnectedStreams<Stream>) {
    this.#connected = connected
  }

  get size(): number {
    return this.#connected.openCount
  }

  get [Symbol.toStringTag](): string {
    return 'Set'
  }

  has(stream: Stream): boolean {
    return stream.closed === null && this.#connected.has(stream)
  }

  forEach(callback: (stream: Stream, same: Stream, set: ReadonlySet<Stream>) => void, self?: unknown): void {
    for (const stream of this) callback.call(self, stream, stream, this)
  }

  *entries(): SetIterator<[Stream, Stream]> {
    for (const stream of this) yield [stream, stream]
  }

  keys(): SetIterator<Stream> {
    return this.values()
  }

  *values(): SetIterator<Stream> {
    // Whoever iterates may close what it is given, and with it others.
    for (const stream of [...this.#connected]) if (stream.closed === null) yield stream
  }

  [Symbol.iterator](): SetIterator<Stream> {
    return this.values()
  }
}

// What Sets have besides since Node 22, and the types of those who compile for it promise.
for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Set.prototype))) {
  if (name in OpenStreams.prototype || isChange(name) || typeof value !== 'function') continue
  Object.defineProperty(OpenStreams.prototype, name, {
    value(this: Iterable<object>, ...others: unknown[]): unknown {
      return value.apply(new Set(this), others)
    },
  })
}

function isChange(name: string): boolean {
  return name === 'add' || name === 'delete' || name === 'clear'
}
