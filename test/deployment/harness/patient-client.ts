import type { ClientRequest, IncomingMessage } from 'node:http'
import { get } from 'node:https'
import type { RecordedClient, RecordedConnection } from '@rivulet/testing'
import { createParser } from 'eventsource-parser'

/** One connection, or the attempt at one; times in milliseconds of `performance.now()`. */
export interface Visit {
  readonly triedAt: number
  /** When its head came; `null`: there was no answer. */
  openedAt: number | null
  status: number | null
  /** When it was over. */
  endedAt: number | null
  /** When the client was to come back after it. */
  retryMs: number
}

/** An EventSource's behaviour over HTTP/1.1 and TLS: comes back after the time it was told, with its last id. */
export class PatientClient {
  readonly record: RecordedClient
  readonly visits: Visit[] = []
  readonly #port: number
  readonly #channel: string
  #connection: RecordedConnection | null = null
  #request: ClientRequest | null = null
  #timer: NodeJS.Timeout | undefined
  /** The standard leaves the first value to the client. */
  #retryMs = 3_000
  #newest: string | null = null
  #isClosed = false

  constructor(record: RecordedClient, channel: string, port: number) {
    this.record = record
    this.#channel = channel
    this.#port = port
    this.#open()
  }

  /** Payload of the newest event that it has had. */
  get newest(): string | null {
    return this.#newest
  }

  get isOpen(): boolean {
    const visit = this.visits.at(-1)
    return visit !== undefined && visit.openedAt !== null && visit.endedAt === null
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#request?.destroy()
  }

  #open(): void {
    const visit: Visit = {
      triedAt: performance.now(),
      openedAt: null,
      status: null,
      endedAt: null,
      retryMs: this.#retryMs,
    }
    this.visits.push(visit)
    const { lastEventId } = this.record
    const request = get({
      host: '127.0.0.1',
      port: this.#port,
      path: '/news',
      agent: false,
      rejectUnauthorized: false,
      headers: {
        Accept: 'text/event-stream',
        ...(lastEventId === null ? {} : { 'Last-Event-ID': lastEventId }),
      },
    })
    this.#request = request
    this.#connection = null
    request.on('response', (response) => this.#read(response, visit))
    request.on('error', () => {})
    request.once('close', () => {
      this.#connection?.cut()
      visit.endedAt = performance.now()
      visit.retryMs = this.#retryMs
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#open(), this.#retryMs)
    })
  }

  #read(response: IncomingMessage, visit: Visit): void {
    response.on('error', () => {})
    visit.status = response.statusCode ?? null
    if (response.statusCode !== 200) return
    visit.openedAt = performance.now()
    const connection = this.record.connect().subscribe(this.#channel)
    this.#connection = connection
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event?.startsWith('$') !== true) this.#newest = data
      },
      onRetry: (retryMs) => {
        this.#retryMs = retryMs
      },
    })
    response.on('data', (bytes: Buffer) => {
      connection.push(bytes)
      // What is looked at here is ASCII.
      parser.feed(bytes.toString('latin1'))
    })
  }
}
