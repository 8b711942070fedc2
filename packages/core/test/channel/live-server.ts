import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSse, type EventStream, type SseOptions } from '@rivulet/core'
import { createParser, type EventSourceMessage } from 'eventsource-parser'

/** A client that keeps what comes. */
export class LiveClient {
  readonly events: EventSourceMessage[] = []
  lastEventId: string | undefined
  status = 0
  isOver = false
  readonly #request
  #response: IncomingMessage | undefined
  #wake: (() => void) | undefined

  constructor(url: string, lastEventId: string | undefined) {
    this.lastEventId = lastEventId
    const parser = createParser({
      onEvent: (event) => {
        this.events.push(event)
        if (event.id !== undefined) this.lastEventId = event.id
        this.#wake?.()
      },
    })
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }
    this.#request = get(url, { headers, agent: false }, (response) => {
      this.#response = response
      this.status = response.statusCode ?? 0
      response.setEncoding('utf8')
      response.on('data', (text: string) => parser.feed(text))
      response.on('error', () => {})
      response.on('close', () => this.#finish())
      this.#wake?.()
    })
    this.#request.on('error', () => this.#finish())
  }

  /** Payloads of the events that are not Rivulet's own. */
  get data(): string[] {
    return this.events.filter(({ event }) => event?.startsWith('$') !== true).map(({ data }) => data)
  }

  /** Types of Rivulet's own events, in order. */
  get control(): string[] {
    return this.events.flatMap(({ event }) => (event?.startsWith('$') === true ? [event] : []))
  }

  /** The payload of the first event of a type. */
  json(type: string): unknown {
    const event = this.events.find((each) => each.event === type)
    return event === undefined ? undefined : JSON.parse(event.data)
  }

  async until(holds: (client: this) => boolean): Promise<void> {
    while (!holds(this)) {
      if (this.isOver) throw new Error(`The connection is over; what came: ${JSON.stringify(this.events)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  has(type: string, count = 1): Promise<void> {
    return this.until(() => this.control.filter((each) => each === type).length >= count)
  }

  hasData(count: number): Promise<void> {
    return this.until(() => this.data.length >= count)
  }

  async over(): Promise<void> {
    while (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  leave(): void {
    this.#request.destroy()
  }

  #finish(): void {
    this.isOver = true
    this.#wake?.()
  }
}

/** A server of one stream, and its clients. */
export interface LiveServer {
  readonly errors: unknown[]
  readonly streams: EventStream[]
  connect(lastEventId?: string): LiveClient
  close(): Promise<void>
}

/** Serves streams over real sockets until it is closed. */
export async function serveStreams(
  onStream: (stream: EventStream) => unknown,
  options: SseOptions = {},
): Promise<LiveServer> {
  const errors: unknown[] = []
  const streams: EventStream[] = []
  const clients: LiveClient[] = []
  const sockets = new Set<Socket>()
  const sse = createSse({ onError: (error) => errors.push(error), ...options })
  const server: Server = createServer((request, response) => {
    const stream = sse.open(request, response)
    streams.push(stream)
    onStream(stream)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    errors,
    streams,
    connect(lastEventId) {
      const client = new LiveClient(`http://127.0.0.1:${port}/`, lastEventId)
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) client.leave()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await sse.close()
    },
  }
}
