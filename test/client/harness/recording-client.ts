import { type Connection, connect, type ReceivedEvent } from '@rivulet/client'
import type { RecordedClient, RecordedConnection } from '@rivulet/testing'

/** How a program takes events: by listeners, or by a loop, which takes its time now and then. */
export type Taking = 'listeners' | 'loop'

const pausePart = 0.02
const maxPauseMs = 300

/** The client of `@rivulet/client`, and a record of what it gave to its program. */
export class RecordingClient {
  readonly record: RecordedClient
  /** Payload of the newest event. */
  newest: string | null = null
  openings = 0
  gaps = 0
  readonly errors = new Map<string, number>()
  /** Ids that it brought although its program had got others. */
  readonly wrongIds: string[] = []
  readonly #channel: string
  readonly #connection: Connection
  #recorded: RecordedConnection | null = null
  #isToldOfGap = false

  constructor(record: RecordedClient, channel: string, url: string, taking: Taking) {
    this.record = record
    this.#channel = channel
    this.#connection = connect(url, {
      maxRetryMs: 500,
      silenceMs: 5_000,
      highWaterMark: 16,
      parse: (data) => data,
      fetch: (target, init) => {
        const brought = new Headers(init.headers).get('last-event-id')
        // A loop may have more before it than it has taken.
        if (taking === 'listeners' && brought !== record.lastEventId) {
          this.wrongIds.push(`${brought} in place of ${record.lastEventId}`)
        }
        return fetch(target, init)
      },
    })
    this.#connection.onState((state, error) => {
      if (state === 'open') this.openings += 1
      if (error !== undefined) this.errors.set(error.code, (this.errors.get(error.code) ?? 0) + 1)
    })
    if (taking === 'listeners') this.#connection.onEvent((event) => this.#receive(event))
    else void this.#loop()
  }

  /** What ended it by itself, which nothing should. */
  get end(): Promise<string> {
    return this.#connection.closed.then(({ reason, error }) => `${reason} ${error?.message ?? ''}`)
  }

  close(): void {
    this.#connection.close()
  }

  async #loop(): Promise<void> {
    for await (const event of this.#connection) {
      this.#receive(event)
      if (Math.random() < pausePart) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * maxPauseMs))
      }
    }
  }

  #receive({ event, data, lastEventId }: ReceivedEvent): void {
    // These begin what a connection brings; a loop takes them when the connection may already be another.
    const isGap = event === '$gap'
    if (isGap || (event === '$ready' && !this.#isToldOfGap)) {
      this.#recorded = this.record.connect().subscribe(this.#channel)
    }
    if (isGap) this.gaps += 1
    if (isGap || event === '$ready') this.#isToldOfGap = isGap
    const block = { event, data: event.startsWith('$') ? JSON.stringify(data) : String(data) }
    this.#recorded?.received(isGap ? block : { ...block, id: lastEventId })
    if (!event.startsWith('$')) this.newest = block.data
  }
}
