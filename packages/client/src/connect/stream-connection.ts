import { ClientError } from '../client-error.ts'
import type { ReceivedEvent } from '../events.ts'
import type { ParsedBlock } from '../parse/block-parser.ts'
import { type AttemptHandlers, attempt } from './attempt.ts'
import type { ResolvedConnectOptions } from './connect-options.ts'
import type { Connection, ConnectionEnd, ConnectionState } from './connection.ts'
import { CursorKeeper } from './cursor-store.ts'
import { EventQueue } from './event-queue.ts'
import { Listeners } from './listeners.ts'
import { retryDelayMs } from './retry-delay.ts'
import { waitToRetry } from './wait.ts'

/** A state as what listeners hear of. */
interface StateChange {
  readonly event: ConnectionState
  readonly error: ClientError | undefined
}

/** The connection behind `connect`. */
export class StreamConnection implements Connection {
  readonly url: string
  readonly closed: Promise<ConnectionEnd>
  readonly #options: ResolvedConnectOptions
  readonly #cursor: CursorKeeper
  readonly #listeners = new Listeners<ReceivedEvent>()
  readonly #stateListeners = new Listeners<StateChange>()
  /** Ends the try under way, or the wait for the next. */
  #trying = new AbortController()
  #queue: EventQueue<ReceivedEvent> | null = null
  #state: ConnectionState = 'connecting'
  #isStarted = false
  #end: ConnectionEnd | null = null
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
    else signal?.addEventListener('abort', this.#onAbort)
  }

  get state(): ConnectionState {
    return this.#state
  }

  get lastEventId(): string {
    return this.#cursor.id
  }

  /** @param type `null`: all. */
  on(type: string | null, listener: (event: never) => void): () => void {
    const stop = this.#listeners.add(type, listener as (event: ReceivedEvent) => void) // told events of that type alone
    this.#start()
    return stop
  }

  onEvent(listener: (event: ReceivedEvent) => void): () => void {
    return this.on(null, listener)
  }

  onState(listener: (state: ConnectionState, error?: ClientError) => void): () => void {
    return this.#stateListeners.add(null, ({ event, error }) => listener(event, error))
  }

  reconnect(): void {
    this.#trying.abort()
    this.#queue?.release()
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
        else if (this.#end?.reason === 'end') this.#cursor.forget()
        return result
      },
      return: async () => {
        queue.discard()
        this.close()
        return { done: true, value: undefined }
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
    const options = this.#options
    const handlers: AttemptHandlers = {
      opened: () => this.#become('open'),
      retry: (retryMs) => {
        this.#retryMs = retryMs
      },
      received: (block) => this.#take(block),
      room: () => this.#queue?.room() ?? null,
    }
    while (this.#end === null) {
      const trying = new AbortController()
      this.#trying = trying
      const beganAt = Date.now()
      const outcome = await attempt(this.url, options, this.#receivedId, trying, handlers)
      if (this.#end !== null) return
      if (outcome.reason !== 'retry') {
        this.#finish(outcome)
        return
      }
      // Asked to connect anew, and not by a failure: at once.
      const isAsked = trying.signal.aborted && outcome.error === undefined
      this.#trying = new AbortController()
      const { signal } = this.#trying
      this.#become('connecting', outcome.error)
      if (isAsked) continue
      // What has lasted is no failure, though nothing happened in it.
      if (Date.now() - beganAt > options.maxRetryMs) this.#failures = 0
      const delayMs = retryDelayMs(this.#retryMs, this.#failures++, options.maxRetryMs)
      // As with a retry: not all on the same second.
      await waitToRetry(Math.max(delayMs, (outcome.afterMs ?? 0) * (1 + Math.random() / 4)), signal)
    }
  }

  /** @returns whether the stream has said that nothing more will come */
  #take(block: ParsedBlock | string): boolean {
    this.#failures = 0
    if (typeof block === 'string') {
      this.#receive(block)
      return false
    }
    const { event, data, lastEventId } = block
    const received: ReceivedEvent = { event, data: this.#parse(data, event), lastEventId }
    this.#receive(lastEventId)
    this.#listeners.tell(received)
    if (this.#queue === null) this.#cursor.move(lastEventId)
    else this.#queue.put(received)
    // One of several channels ends with an id that goes on.
    return event === '$end' && lastEventId.endsWith('.end')
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

  #finish(end: ConnectionEnd): void {
    if (this.#end !== null) return
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#end = end
    // What the loop has not taken yet may have to be asked for again.
    if (end.reason === 'end' && this.#queue === null) this.#cursor.forget()
    this.#trying.abort()
    this.#queue?.end(end.error)
    this.#become('closed', end.error)
    this.#resolveClosed(end)
  }

  #become(state: ConnectionState, error?: ClientError): void {
    if (this.#state === 'closed' || (this.#state === state && error === undefined)) return
    this.#state = state
    this.#stateListeners.tell({ event: state, error })
  }
}
