import type { IncomingHttpHeaders } from 'node:http'
import { SseError } from '@rivulet/core'
import { clearTimeout, setTimeout } from '../clock/real-timers.ts'
import type { CollectedEvent } from './collected-event.ts'
import type { Endpoint } from './endpoint.ts'
import { type Exchange, type ExchangeRequest, openExchange } from './exchange.ts'
import { StreamParser } from './stream-parser.ts'

/** How a client and its server stand. */
export type StreamClientState = 'connecting' | 'open' | 'ended' | 'broken' | 'left'

/** A client that keeps all that it was sent. */
export class StreamClient {
  status = 0
  headers: IncomingHttpHeaders = {}
  readonly #chunks: Buffer[] = []
  readonly #parser: StreamParser
  readonly #exchange: Exchange
  readonly #label: string
  #state: StreamClientState = 'connecting'
  #isEventStream = false
  #error: Error | undefined
  #waiters = new Set<() => void>()

  readonly #endpoint: Endpoint

  /** @param isLast Leaves right after the event for which this says `true`, though more may have arrived. */
  constructor(endpoint: Endpoint, request: ExchangeRequest, isLast?: (event: CollectedEvent) => boolean) {
    this.#endpoint = endpoint
    this.#label = `${request.method} ${request.path}`
    this.#parser = new StreamParser((event) => isLast?.(event) ?? false)
    this.#exchange = openExchange(endpoint, request, {
      onHead: (status, headers) => this.#onHead(status, headers),
      onData: (chunk) => this.#onData(chunk),
      onEnd: () => this.#finish('ended'),
      onBroken: (error) => this.#finish('broken', error),
    })
  }

  get state(): StreamClientState {
    return this.#state
  }

  /** Why the connection broke. */
  get error(): Error | undefined {
    return this.#error
  }

  get events(): readonly CollectedEvent[] {
    return this.#parser.events
  }

  get comments(): readonly string[] {
    return this.#parser.comments
  }

  get problems(): readonly string[] {
    return this.#parser.problems
  }

  get retryMs(): number | null {
    return this.#parser.retryMs
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }

  /** The body as far as it was read. */
  get raw(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /**
   * Resolves once `holds` is true; asked now and whenever something has come. With the end of the connection the waiting
   * is over too: whoever waited looks at `state`.
   *
   * @throws (rejects) with SseError `ERR_SSE_TIMEOUT`
   */
  waitFor(holds: () => boolean, waitingFor: string, timeoutMs: number): Promise<void> {
    const isOver = () => holds() || (this.#state !== 'connecting' && this.#state !== 'open')
    if (isOver()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        this.#waiters.delete(look)
      }
      const look = () => {
        if (!isOver()) return
        stop()
        resolve()
      }
      const timer = setTimeout(() => {
        stop()
        reject(new SseError('ERR_SSE_TIMEOUT', this.describe(`waited ${timeoutMs} ms for ${waitingFor}`)))
      }, timeoutMs)
      this.#waiters.add(look)
    })
  }

  /** A sentence about what came so far, for error messages. */
  describe(what: string): string {
    if (this.status === 0) return `${this.#label}: ${what}, and no answer has come.`
    const type = this.headers['content-type'] ?? 'no content type'
    const body = this.#isEventStream ? describeEvents(this.events) : show(this.raw.toString())
    return `${this.#label}: ${what}. What came: status ${this.status}, ${type}; ${body}; the connection is ${this.#state}.`
  }

  /** Reads no more, until `resume`: what the server sends then waits in the kernel and in the server. */
  pause(): void {
    this.#exchange.pause()
  }

  resume(): void {
    this.#exchange.resume()
  }

  /** Drops the connection, and waits until a server of this process has seen that. */
  async leaveSeen(): Promise<void> {
    const port = this.#exchange.localPort
    const seen = port === undefined ? undefined : this.#endpoint.hasLeft?.(port)
    this.leave()
    await seen
  }

  /** Drops the connection. */
  leave(): void {
    this.#finish('left')
    this.#exchange.destroy()
  }

  #onHead(status: number, headers: IncomingHttpHeaders): void {
    if (this.#state !== 'connecting') return
    this.status = status
    this.headers = headers
    this.#isEventStream = /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
    this.#state = 'open'
    this.#wake()
  }

  #onData(chunk: Buffer): void {
    if (this.#state !== 'open') return
    const readBytes = this.#isEventStream ? this.#parser.push(chunk) : chunk.length
    this.#chunks.push(chunk.subarray(0, readBytes))
    if (this.#parser.isStopped) this.leave()
    this.#wake()
  }

  #finish(state: StreamClientState, error?: Error): void {
    if (this.#state !== 'connecting' && this.#state !== 'open') return
    if (state === 'ended' && this.#isEventStream) this.#parser.end()
    this.#state = state
    this.#error = error
    this.#wake()
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look()
  }
}

const shownCount = 10

function describeEvents(events: readonly CollectedEvent[]): string {
  if (events.length === 0) return 'no events'
  const shown = events.slice(-shownCount).map(({ event, data }) => `${event} ${show(data)}`)
  const left = events.length - shown.length
  return `${events.length === 1 ? '1 event' : `${events.length} events`} (${left > 0 ? `… ${left} before, ` : ''}${shown.join(', ')})`
}

function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
