import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { within } from '@rivulet/core/log-kit'
import { logError } from '../log-error.ts'
import { isPassing } from './passing-error.ts'

/** One thing that is asked of the server. */
export interface Question<T> {
  /** What it is for, as error messages begin. */
  readonly doing: string
  readonly signal?: AbortSignal | undefined
  /** Asks; called again after each reconnect, so it must not matter whether it is done twice. */
  ask(jetStream: JetStreamManager): Promise<T>
}

interface Attempt {
  isOver: boolean
  /** The newest error that is no reason to give up. */
  passing?: unknown
  /** Ends its waiting, for an answer or for the connection. */
  stopWaiting?: () => void
}

interface Waiting<T> {
  readonly answer: Promise<T | typeof interrupted>
  /** Answers with `interrupted`. */
  stop(): void
}

/** What was asked may never be answered: its connection is gone. */
export const interrupted: unique symbol = Symbol('interrupted')

/** After that long without an answer it is asked again: servers of a cluster that have no leader (yet) say nothing. */
export const maxAskMs = 2_000
const maxPauseMs = 200

/**
 * The user's connection. It reconnects by itself, and forgets what was sent and not answered when it does: that is asked again
 * here, at once instead of after its time-out.
 */
export class Link {
  readonly connection: NatsConnection
  readonly #answerMs: number
  readonly jetStream: Promise<JetStreamManager>
  readonly #statuses: ReturnType<NatsConnection['status']>
  readonly #listeners = new Set<(isUp: boolean) => void>()
  readonly #refusalListeners = new Set<(subject: string, error: unknown) => void>()
  /** Those who wait for an answer, or for the connection. */
  readonly #waiting = new Set<() => void>()
  #isUp = true
  #lastError: unknown

  constructor(connection: NatsConnection, answerMs: number) {
    this.connection = connection
    this.#answerMs = answerMs
    this.jetStream = jetstreamManager(connection, { checkAPI: false, timeout: Math.min(answerMs, maxAskMs) })
    this.#statuses = connection.status()
    this.#watch().catch(() => {}) // Ends with the connection, which whoever asks is told.
    connection.closed().then(
      () => this.#changed(),
      () => this.#changed(),
    )
  }

  /**
   * Asks, again after each reconnect, for at most `answerMs`.
   *
   * @throws (rejects) SseError `ERR_SSE_LOG_…`, or the signal's reason.
   */
  async run<T>({ doing, signal, ask }: Question<T>): Promise<T> {
    signal?.throwIfAborted()
    const attempt: Attempt = { isOver: false }
    try {
      return await within(
        this.#insist(ask, attempt),
        this.#answerMs,
        () => attempt.passing ?? this.late(),
        signal,
      )
    } catch (error) {
      signal?.throwIfAborted()
      throw logError(doing, error)
    } finally {
      attempt.isOver = true
      attempt.stopWaiting?.()
    }
  }

  /** What the connection says when nothing is answered. */
  late(): unknown {
    const error = new Error(`no answer within ${this.#answerMs} ms`)
    if (this.#isUp) return error
    return new Error(`not connected for ${this.#answerMs} ms`, { cause: this.#lastError })
  }

  /** What a promise gives, or `interrupted` when the connection is lost or made before; without a promise that alone. */
  unlessInterrupted<T>(promise?: Promise<T>): Promise<T | typeof interrupted> {
    return this.#wait(promise).answer
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Waits for a connection. */
  async untilUp(timeoutMs: number): Promise<void> {
    const { answer, stop } = this.#wait<never>()
    try {
      await within(answer, timeoutMs, () => this.late())
    } finally {
      stop()
    }
  }

  /** Called with `false` when the connection is lost, with `true` when there is another. Gives a function that stops it. */
  onChange(listener: (isUp: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called when the server refuses a publish to a subject, which it tells beside all answers. Gives a function that stops it. */
  onRefusal(listener: (subject: string, error: unknown) => void): () => void {
    this.#refusalListeners.add(listener)
    return () => this.#refusalListeners.delete(listener)
  }

  close(): void {
    this.#listeners.clear()
    this.#refusalListeners.clear()
    // It is one of the client's queues, and their only end beside that of the connection.
    if ('stop' in this.#statuses && typeof this.#statuses.stop === 'function') this.#statuses.stop()
  }

  async #insist<T>(ask: Question<T>['ask'], attempt: Attempt): Promise<T> {
    const jetStream = await this.jetStream
    for (;;) {
      if (attempt.isOver) throw this.late()
      if (this.connection.isClosed()) throw new Error('the connection was closed')
      try {
        const waiting = this.#wait(this.#isUp ? ask(jetStream) : undefined)
        attempt.stopWaiting = waiting.stop
        const answer = await waiting.answer
        if (answer !== interrupted) return answer
      } catch (error) {
        if (!isPassing(error)) throw error
        attempt.passing = error
        await new Promise((resolve) => setTimeout(resolve, Math.random() * maxPauseMs))
      }
    }
  }

  #wait<T>(promise?: Promise<T>): Waiting<T> {
    let stop = () => {}
    const answer = new Promise<T | typeof interrupted>((resolve, reject) => {
      stop = () => {
        this.#waiting.delete(stop)
        resolve(interrupted)
      }
      this.#waiting.add(stop)
      promise?.then(resolve, reject).finally(() => this.#waiting.delete(stop))
    })
    return { answer, stop }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#statuses) {
      if (status.type === 'error') this.#failed(status.error)
      if (status.type === 'disconnect') this.#turn(false)
      if (status.type === 'reconnect') this.#turn(true)
    }
  }

  #failed(error: Error): void {
    this.#lastError = error
    if (!('operation' in error) || error.operation !== 'publish' || !('subject' in error)) return
    for (const listener of [...this.#refusalListeners]) listener(String(error.subject), error)
  }

  #turn(isUp: boolean): void {
    this.#isUp = isUp
    this.#changed()
    for (const listener of [...this.#listeners]) listener(isUp)
  }

  #changed(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const interrupt of waiting) interrupt()
  }
}
