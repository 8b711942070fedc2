import { createInbox, type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node'
import type { Link } from './link.ts'

const maxLookMs = 250
const looksPerAsk = 4

interface Waiting {
  readonly subject: string
  readonly until: number
  resolve(answer: Msg | null): void
  reject(error: unknown): void
}

/**
 * Publishes, and waits for the answer. Like the client's own `request()`, without the two stack traces and the timer
 * that this makes for each: a third of what an append, or the read of an entry, costs.
 */
export class Requests {
  readonly #link: Link
  readonly #askMs: number
  readonly #inbox: string
  /** By the last token of their reply subjects. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #stopWatching: (() => void)[]
  #subscription: Subscription | null = null
  #count = 0
  #timer: NodeJS.Timeout | undefined

  /** @param askMs How long to wait for an answer. */
  constructor(link: Link, askMs: number) {
    this.#link = link
    this.#askMs = askMs
    this.#inbox = createInbox()
    this.#stopWatching = [
      // What was asked before is never answered; those who wait are told by the link.
      link.onChange(() => this.#waiting.clear()),
      link.onRefusal((subject, error) => this.#refused(subject, error)),
    ]
  }

  /** An answer may be a status, such as 503; `null`: there was none in time. Rejects with what the connection says. */
  ask(subject: string, body: string, headers?: MsgHdrs): Promise<Msg | null> {
    this.#subscription ??= this.#subscribe()
    this.#count += 1
    const token = this.#count.toString(36)
    return new Promise((resolve, reject) => {
      // First: it throws where it is too large, or the connection was closed.
      const reply = `${this.#inbox}.${token}`
      const options = headers === undefined ? { reply } : { reply, headers }
      this.#link.connection.publish(subject, body, options)
      const until = performance.now() + this.#askMs
      this.#waiting.set(token, { subject, until, resolve, reject })
      this.#timer ??= setTimeout(() => this.#look(), this.#lookMs)
    })
  }

  close(): void {
    for (const stop of this.#stopWatching) stop()
    clearTimeout(this.#timer)
    if (!this.#link.connection.isClosed()) this.#subscription?.unsubscribe()
  }

  get #lookMs(): number {
    return Math.min(maxLookMs, this.#askMs / looksPerAsk)
  }

  #subscribe(): Subscription {
    return this.#link.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) {
          this.#subscription = null
          this.#rejectAll(() => true, error)
          return
        }
        const token = message.subject.slice(this.#inbox.length + 1)
        this.#waiting.get(token)?.resolve(message)
        this.#waiting.delete(token)
      },
    })
  }

  /** The server names the subject, not the message. */
  #refused(subject: string, error: unknown): void {
    this.#rejectAll((waiting) => waiting.subject === subject, error)
  }

  #look(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [token, { until, resolve }] of this.#waiting) {
      if (until > now) break
      this.#waiting.delete(token)
      resolve(null)
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#look(), this.#lookMs)
  }

  #rejectAll(which: (waiting: Waiting) => boolean, error: unknown): void {
    for (const [token, waiting] of this.#waiting) {
      if (!which(waiting)) continue
      this.#waiting.delete(token)
      waiting.reject(error)
    }
  }
}
