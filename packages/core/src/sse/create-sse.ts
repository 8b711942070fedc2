import { closedSink } from '../sink/closed-sink.ts'
import { commitHead, isGone, openSink } from '../sink/open-sink.ts'
import type { StreamRequest, StreamResponse } from '../sink/sink.ts'
import { type StreamOpenMessage, streamOpened } from '../stream/diagnostics.ts'
import type { CloseReason, EventStream } from '../stream/event-stream.ts'
import { OpenStream } from '../stream/open-stream.ts'
import { isAbort, type StreamHost } from '../stream/stream-host.ts'
import {
  checkStatus,
  type ResolvedStreamOptions,
  resolveStreamOptions,
  type StreamOptions,
} from '../stream/stream-options.ts'
import type { AnyEvents, EventSchemas, InputOf } from '../wire/event-map.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { ConnectedStreams } from './connected-streams.ts'
import { drain } from './drain.ts'
import { type Health, type HealthOptions, healthOf } from './health.ts'
import { StreamCounter } from './limits.ts'
import { comeBack, gone, type Refusal, refusalOf, varyOnAccept } from './refusal.ts'
import { assertUnused, bindDrain, bindResponse, claimResponse, streamOf } from './response-binding.ts'
import { retryWithin } from './retry-range.ts'
import {
  type CloseOptions,
  type ResolvedCloseOptions,
  type ResolvedSseOptions,
  rejectUnhandled,
  resolveCloseOptions,
  resolveSseOptions,
  type SseOptions,
} from './sse-options.ts'

/** What runs for one stream: its return ends the stream unless it has a subscription, its throw closes and reports it. */
export type StreamHandler<Events = AnyEvents> = (stream: EventStream<Events>) => unknown

/** The streams of one application. @typeParam Events Payloads by event type for `send`. */
export interface Sse<Events = AnyEvents> {
  /**
   * Opens a stream on a response: commits status and headers, writes the reconnection time, starts the heartbeat.
   *
   * Always returns a stream. Where there is none to have (HEAD, 406, draining, over a limit, the client has left, a finished
   * stream asked for again) the answer has been given and the stream is already closed with its reason. A `handler` runs for open streams only.
   *
   * @throws SseError `ERR_SSE_OPTION` for bad options, `ERR_SSE_ALREADY_OPEN` for a second stream on one response,
   * `ERR_SSE_HEADERS_SENT` when something was sent before. Nothing that a client sends makes it throw.
   */
  open<Schemas extends EventSchemas>(
    request: StreamRequest,
    response: StreamResponse,
    options: StreamOptions & { readonly events: Schemas },
  ): EventStream<InputOf<Schemas>>
  open<Schemas extends EventSchemas>(
    request: StreamRequest,
    response: StreamResponse,
    handler: StreamHandler<InputOf<Schemas>>,
    options: StreamOptions & { readonly events: Schemas },
  ): EventStream<InputOf<Schemas>>
  open<Own = Events>(
    request: StreamRequest,
    response: StreamResponse,
    handlerOrOptions?: StreamHandler<Own> | StreamOptions,
    options?: StreamOptions,
  ): EventStream<Own>
  /**
   * For an error that a framework caught while it served a request: closes the response's stream with reason `error`.
   *
   * @returns What the framework has left to do. `false`: the response is no stream, the error can be answered. `'report'`: only
   * to report it. `'ignore'`: nothing, since it is work that was called off because the stream had closed.
   */
  fail(response: StreamResponse, error: unknown): 'report' | 'ignore' | false
  /** The streams that are open now. */
  readonly streams: ReadonlySet<EventStream<Events>>
  /** Hangs up the streams for which `predicate` says so. @returns how many */
  closeWhere(predicate: (stream: EventStream<Events>) => boolean): number
  /**
   * Drains: refuses new streams softly from now on and hangs up the open ones, each told its own time to come back. Resolves
   * when the last connection has let go or the grace is over. Called again it gives the same promise. Left out options are those
   * of the application (`createSse({ close })`).
   *
   * @throws SseError `ERR_SSE_OPTION`
   */
  close(options?: CloseOptions): Promise<void>
  /**
   * Whether this process should get new streams, for the readiness probe of a load balancer.
   *
   * @throws SseError `ERR_SSE_OPTION`
   */
  health(options?: HealthOptions): Health
}

/**
 * Makes the streams of one application: for plain `node:http` and `node:http2`, and what the adapters are made of.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function createSse<Schemas extends EventSchemas>(
  options: SseOptions & { readonly events: Schemas },
): Sse<InputOf<Schemas>>
export function createSse<Events = AnyEvents>(options?: SseOptions): Sse<Events>
export function createSse(options?: SseOptions): Sse
export function createSse(options?: SseOptions): Sse {
  const streams = new Streams(resolveSseOptions(options))
  return {
    open(
      request: StreamRequest,
      response: StreamResponse,
      handlerOrOptions?: StreamHandler | StreamOptions,
      streamOptions?: StreamOptions,
    ) {
      const isHandler = typeof handlerOrOptions === 'function'
      const given = isHandler ? streamOptions : (handlerOrOptions ?? streamOptions)
      const stream = streams.openStream(request, response, given)
      if (isHandler && stream.closed === null) void stream.run(handlerOrOptions)
      return stream
    },
    fail(response, error) {
      const stream = streamOf(response)
      if (stream === undefined) return false
      if (stream.closed !== null && isAbort(error)) return 'ignore'
      stream.fail(error)
      return 'report'
    },
    streams: streams.open,
    closeWhere: (predicate) => streams.closeWhere(predicate),
    close: (closeOptions) => streams.close(closeOptions),
    health: (healthOptions) => streams.health(healthOptions),
  }
}

class Streams implements StreamHost<OpenStream> {
  readonly #connected = new ConnectedStreams<OpenStream>()
  readonly #options: ResolvedSseOptions
  readonly #counter: StreamCounter
  #isDrained = false
  #closing: { readonly retryMs: ResolvedCloseOptions['retryMs']; readonly done: Promise<void> } | undefined

  constructor(options: ResolvedSseOptions) {
    this.#options = options
    this.#counter = new StreamCounter(options.limits)
  }

  get open(): ReadonlySet<OpenStream> {
    return this.#connected.open
  }

  openStream(request: StreamRequest, response: StreamResponse, given: StreamOptions | undefined): OpenStream {
    const options = resolveStreamOptions(this.#options.stream, given)
    const hasLeft = isGone(request, response)
    assertUnused(response, hasLeft)
    const status =
      options.status ?? checkStatus('A stream: the status set on the response', response.statusCode)
    const lastEventId = readLastEventId(request.headers['last-event-id'], request.url)
    if (options.negotiate) varyOnAccept(response)
    let refusal = hasLeft ? gone : this.#refusalOf(request, options, lastEventId)
    const key = refusal === null ? this.#counter.keyOf(request) : null
    refusal ??= this.#counter.refusal(this.#connected.openCount, key)
    if (refusal === null) {
      commitHead(response, status, options.headers)
    } else {
      refusal.answer(response, options)
    }
    const sink = refusal === null ? openSink(response) : closedSink
    const stream = new OpenStream({ request, response, sink, options, lastEventId, host: this })
    if (refusal === null) this.#start(stream, key)
    else this.#refuse(stream, refusal.reason)
    return stream
  }

  report(error: unknown, stream: OpenStream): void {
    try {
      this.#options.onError(error, { stream, request: stream.request, response: stream.response })
    } catch (failure) {
      // The stream that reports is in the middle of closing, which has to be finished.
      rejectUnhandled(failure)
    }
  }

  onFirstBehind(stream: OpenStream): void {
    bindDrain(stream.response, stream)
  }

  onStreamClose(stream: OpenStream): void {
    this.#connected.closed(stream)
    this.#counter.closed(stream)
  }

  onResponseClose(stream: OpenStream): void {
    this.#connected.remove(stream)
  }

  closeWhere(predicate: (stream: EventStream) => boolean): number {
    const chosen = [...this.open].filter(predicate)
    for (const stream of chosen) stream.close()
    return chosen.length
  }

  async close(options?: CloseOptions): Promise<void> {
    const resolved = resolveCloseOptions(options, this.#options.close)
    this.#closing ??= { retryMs: resolved.retryMs, done: drain(this.#connected, resolved) }
    await this.#closing.done
    this.#isDrained = true
  }

  health(options?: HealthOptions): Health {
    const openStreams = this.#connected.openCount
    return healthOf(
      {
        isDraining: this.#closing !== undefined,
        isDrained: this.#isDrained,
        isFull: this.#counter.isFull(openStreams),
        openStreams,
      },
      options,
    )
  }

  #start(stream: OpenStream, key: string | null): void {
    this.#connected.add(stream)
    this.#counter.opened(stream, key)
    bindResponse(stream.request, stream.response, stream)
    stream.start()
    if (streamOpened.hasSubscribers) streamOpened.publish({ stream } satisfies StreamOpenMessage)
    // Last, since it may have aborted already, and a close comes after the open.
    stream.followSignal()
  }

  #refuse(stream: OpenStream, reason: CloseReason): void {
    claimResponse(stream.response, stream)
    stream.hangUp(reason)
  }

  #refusalOf(
    request: StreamRequest,
    options: ResolvedStreamOptions,
    lastEventId: string | null,
  ): Refusal | null {
    const refusal = refusalOf(request, options, lastEventId)
    if (refusal !== null || this.#closing === undefined) return refusal
    return comeBack('shutdown', retryWithin(this.#closing.retryMs))
  }
}
