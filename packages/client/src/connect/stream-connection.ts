import { ClientError } from '../client-error.ts'
import { parseData, type ReceivedEvent } from '../events.ts'
import { BlockParser, type ParsedBlock } from '../parse/block-parser.ts'
import { readWebStream } from '../parse/web-stream.ts'
import type { ResolvedConnectOptions } from './connect-options.ts'
import type { Connection, ConnectionEnd, ConnectionState } from './connection.ts'
import { CursorKeeper } from './cursor-store.ts'
import { EventQueue } from './event-queue.ts'
import { call, Listeners } from './listeners.ts'
import { makeRequest } from './request.ts'
import { judgeResponse } from './response-verdict.ts'
import { retryDelayMs } from './retry-delay.ts'
import { Silence } from './silence.ts'
import { waitToRetry } from './wait.ts'

/** What came of one try. */
type Outcome =
  | ConnectionEnd
  | { readonly reason: 'retry'; readonly error?: ClientError; readonly afterMs: number }

type StateListener = (state: ConnectionState, error?: ClientError) => void

/** The connection behind `connect`. */
export class StreamConnection implements Connection {
  readonly url: string
  readonly closed: Promise<ConnectionEnd>
  readonly #options: ResolvedConnectOptions
  readonly #cursor: CursorKeeper
  readonly #listeners = new Listeners<ReceivedEvent>()
  readonly #stateListeners = new Set<StateListener>()
  /** Ends the try under way, or the wait for the next. */
  #trying = new AbortController()
  #queue: EventQueue<ReceivedEvent> | null = null
  #state: ConnectionState = 'connecting'
  #isStarted = false
  #end: ConnectionEnd | null = null
  /** The server has said that nothing more will come. */
  #hasEnded = false
  /** The last event id that has come, which may be ahead of what the loop has taken. */
  #receivedId: string
  #retryMs: number
  #failures = 0
  #resolveClosed: (end: ConnectionEnd) => void = () => {}

  constructor(url: string, options: ResolvedConnectOptions) {
    this.url = url
    this.#options = options
    this.#cursor = new CursorKeeper(options.store, options.storeKey ?? `rivulet:${url}`, options.lastEventId)
    this.#receivedId = this.#cursor.id
    this.#retryMs = options.retryMs
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    const { signal } = options
    if (signal?.aborted) this.close()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get state(): ConnectionState {
    return this.#state
  }

  get lastEventId(): string {
    return this.#cursor.id
  }

  on(type: string, listener: (event: never) => void): () => void {
    const stop = this.#listeners.add(type, listener as (event: ReceivedEvent) => void) // told events of that type alone
    this.#start()
    return stop
  }

  onEvent(listener: (event: ReceivedEvent) => void): () => void {
    const stop = this.#listeners.add(null, listener)
    this.#start()
    return stop
  }

  onState(listener: StateListener): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  reconnect(): void {
    this.#trying.abort()
  }

  close(): void {
    this.#finish({ reason: 'closed' })
  }

  [Symbol.asyncIterator](): AsyncIterator<ReceivedEvent, undefined> {
    if (this.#queue !== null && this.#end === null) {
      throw new ClientError('ERR_SSE_CLIENT_BUSY', 'Another loop takes them.')
    }
    const queue = new EventQueue<ReceivedEvent>(this.#options.highWaterMark)
    this.#queue = queue
    if (this.#end !== null) queue.end(this.#end.error)
    this.#start()
    return {
      next: async () => {
        const result = await queue.take()
        if (result.done !== true) this.#cursor.move(result.value.lastEventId)
        else if (this.#hasEnded) this.#cursor.forget()
        return result
      },
      return: () => {
        if (this.#queue === queue) this.#queue = null
        queue.discard()
        this.close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  readonly #onAbort = (): void => this.close()

  #start(): void {
    if (this.#isStarted || this.#end !== null) return
    this.#isStarted = true
    // Behind this turn, so that listeners which are added in it hear everything.
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#end === null) {
      this.#trying = new AbortController()
      const { signal } = this.#trying
      const outcome = await this.#try(signal)
      if (this.#end !== null) return
      if (outcome.reason !== 'retry') {
        this.#finish(outcome)
        return
      }
      // Asked to connect anew, and not by a failure: at once.
      const isAsked = signal.aborted && outcome.error === undefined
      this.#trying = new AbortController()
      const waiting = this.#trying.signal
      this.#become('connecting', outcome.error)
      if (isAsked) continue
      const delayMs = retryDelayMs(this.#retryMs, this.#failures, this.#options.maxRetryMs)
      this.#failures += 1
      // As with a retry: not all on the same second.
      await waitToRetry(Math.max(delayMs, outcome.afterMs * (1 + Math.random() / 4)), waiting)
    }
  }

  /** One connection, from its request to its end. */
  async #try(signal: AbortSignal): Promise<Outcome> {
    let silent: ClientError | undefined
    const silence = new Silence(this.#options.silenceMs, (error) => {
      silent = error
      this.#trying.abort()
    })
    try {
      silence.broken()
      const request = await makeRequest(this.#options, this.#receivedId, signal)
      const { fetch: send } = this.#options
      const response = await send(this.url, request)
      // Not every function in place of fetch looks at the signal.
      signal.throwIfAborted()
      const verdict = judgeResponse(response, typeof this.#options.headers === 'function')
      if (verdict.reason !== 'stream') {
        await response.body?.cancel().catch(() => {})
        return verdict.reason === 'end' ? this.#finished() : verdict
      }
      this.#become('open')
      return await this.#read(verdict.body, silence, signal)
    } catch (cause) {
      if (cause instanceof ClientError) {
        return { reason: 'failed', error: cause }
      }
      if (signal.aborted)
        return { reason: 'retry', afterMs: 0, ...(silent === undefined ? {} : { error: silent }) }
      return {
        reason: 'retry',
        error: new ClientError('ERR_SSE_CLIENT_NETWORK', 'The network broke.', {
          cause,
        }),
        afterMs: 0,
      }
    } finally {
      silence.stop()
    }
  }

  async #read(body: ReadableStream<Uint8Array>, silence: Silence, signal: AbortSignal): Promise<Outcome> {
    // In their order: blocks, and ids without one.
    const found: (ParsedBlock | string)[] = []
    const parser = new BlockParser(
      {
        block: (block) => found.push(block),
        retry: (retryMs) => {
          this.#retryMs = retryMs
        },
        bareId: (id) => found.push(id),
      },
      this.#receivedId,
      this.#options.maxEventLength,
    )
    for await (const bytes of readWebStream(body)) {
      silence.broken()
      const failure = parser.push(bytes)
      for (const each of found.splice(0)) {
        if (signal.aborted) return { reason: 'retry', afterMs: 0 }
        this.#failures = 0
        if (typeof each === 'string') this.#receive(each)
        else if (this.#deliver(each)) return this.#finished()
      }
      if (failure !== null) throw failure
      const room = this.#queue?.room() ?? null
      if (room !== null) {
        // Whoever takes their time is not the network's silence.
        silence.stop()
        await room
        silence.broken()
      }
    }
    return { reason: 'retry', afterMs: 0 }
  }

  /** @returns whether the stream has said that nothing more will come */
  #deliver({ event, data, lastEventId }: ParsedBlock): boolean {
    const received: ReceivedEvent = { event, data: this.#parse(data, event), lastEventId }
    this.#receive(lastEventId)
    this.#listeners.tell(received)
    if (this.#queue === null) this.#cursor.move(lastEventId)
    else this.#queue.put(received)
    return event === '$end' && !isOfOneChannel(parseData(data))
  }

  #parse(data: string, event: string): unknown {
    try {
      return this.#options.parse(data, event)
    } catch (cause) {
      throw new ClientError('ERR_SSE_CLIENT_PARSE', 'parse() threw.', { cause })
    }
  }

  #receive(id: string): void {
    if (!id.endsWith('.end')) this.#receivedId = id
  }

  #finished(): ConnectionEnd {
    this.#hasEnded = true
    // What the loop has not taken yet may have to be asked for again.
    if (this.#queue === null) this.#cursor.forget()
    return { reason: 'end' }
  }

  #finish(end: ConnectionEnd): void {
    if (this.#end !== null) return
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#end = end
    this.#trying.abort()
    this.#queue?.end(end.error)
    this.#become('closed', end.error)
    this.#resolveClosed(end)
  }

  #become(state: ConnectionState, error?: ClientError): void {
    if (this.#state === 'closed' || (this.#state === state && error === undefined)) return
    this.#state = state
    for (const listener of [...this.#stateListeners]) call(() => listener(state, error))
  }
}

/** Whether a `$end` is of one of several channels: the stream goes on. */
function isOfOneChannel(data: unknown): boolean {
  return 'channel' in Object(data)
}
