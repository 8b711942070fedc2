import { Readable } from 'node:stream'
import type { EventStream } from '@rivulet/core'
import type { FastifyReply } from 'fastify'

/** What goes through the hooks in the stream's place: a real stream, since that is what hooks leave alone. */
export class Marker extends Readable {
  override _read(): void {
    this.push(null)
  }
}

/**
 * A reply on its way through the `onSend` hooks to become a stream.
 *
 * `waiting` until the first of: the last hook is reached (`opened`), the client leaves (`opened` too: the stream is born
 * closed), or Fastify has an error to answer instead (`failed`).
 */
export class PendingStream {
  readonly stream: Promise<EventStream>
  #marker: Marker | undefined
  readonly #reply: FastifyReply
  readonly #open: () => EventStream
  #state: 'waiting' | 'opened' | 'failed' = 'waiting'
  #failure: unknown
  #resolve: (stream: EventStream) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  /** @param open Opens the stream on the raw response. Throws what makes that impossible. */
  constructor(reply: FastifyReply, open: () => EventStream) {
    this.#reply = reply
    this.#open = open
    this.stream = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get state(): 'waiting' | 'opened' | 'failed' {
    return this.#state
  }

  /** Sends the marker on its way through the hooks. */
  start(): void {
    this.#marker = new Marker()
    this.#reply.raw.once('close', this.openOrCancel)
    try {
      this.#reply.header('content-type', 'text/event-stream').send(this.#marker)
    } catch (error) {
      // Fastify sends nothing now, inside an `onError` hook for example.
      this.cancel(error)
    }
  }

  /** Whether this payload is the marker; another one, while waiting, was put in its place. */
  isMarker(payload: unknown): boolean {
    return payload === this.#marker && payload !== undefined
  }

  /** Whether Fastify was given this error to answer. */
  wasFailedBy(error: unknown): boolean {
    return this.#state === 'failed' && this.#failure === error
  }

  /** The hooks have run: the reply is no longer Fastify's. @throws what `open` throws, with the reply still Fastify's */
  open(): void {
    const stream = this.#open()
    this.#settle('opened')
    this.#reply.hijack()
    this.#resolve(stream)
  }

  /** Fastify answers this error; whoever waits hears of it afterwards, so that nothing they do can be a second answer. */
  fail(error: unknown): void {
    this.#settle('failed')
    this.#failure = error
    // Fastify has the error: it is not an unhandled one when nobody waits.
    this.stream.catch(() => {})
    const reject = () => this.#reject(error)
    this.#reply.then(reject, reject)
  }

  /** There will be no stream, for a reason that is the caller's to hear and nobody's to answer. */
  cancel(error: unknown): void {
    this.#settle('failed')
    this.#reject(error)
  }

  /** Opens the stream where there is no hook to answer an error: the client has left, or Fastify is out of it. */
  readonly openOrCancel = (): void => {
    try {
      this.open()
    } catch (error) {
      this.cancel(error)
    }
  }

  #settle(state: 'opened' | 'failed'): void {
    this.#state = state
    this.#reply.raw.off('close', this.openOrCancel)
  }
}
