/** One event as it came over the wire. */
export class CollectedEvent {
  /** The event type: `message` where the server sent none. */
  readonly event: string
  /** The payload as text, its lines joined by LF. */
  readonly data: string
  /** The id that this event brought; not there if it brought none. `''` is an id: it resets the client's. */
  readonly id?: string
  /** The reconnection time that this event brought, in milliseconds; not there if it brought none. */
  readonly retry?: number

  constructor(fields: { event: string; data: string; id?: string | undefined; retry?: number | undefined }) {
    this.event = fields.event
    this.data = fields.data
    if (fields.id !== undefined) this.id = fields.id
    if (fields.retry !== undefined) this.retry = fields.retry
  }

  /**
   * The payload read as JSON.
   *
   * @throws SyntaxError if it is none
   */
  json<T = unknown>(): T {
    return JSON.parse(this.data) as T // the caller says what it expects
  }

  /** One of Rivulet's own events (`$ready`, `$gap`, `$cursor`, `$end`), whose types begin with `$`. */
  isControl(): boolean {
    return this.event.startsWith('$')
  }
}
