import { once } from 'node:events'
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { CloseReason, EventStream, SseOptions } from '../../src/index.ts'
import { firstStream, type SseServer, serve, still } from '../sse/sse-server.ts'

/** An open stream and its client. */
export interface OpenedStream {
  readonly server: SseServer
  readonly stream: EventStream
  readonly client: StreamClient
}

/** Opens a stream on a server of its own. */
export async function openStream(options: SseOptions = {}): Promise<OpenedStream> {
  const { opened, open } = firstStream()
  const server = await serve(open, { ...still, ...options })
  const client = await StreamClient.connect(server.origin)
  return { server, stream: await opened, client }
}

/** The client of one stream, which reads all that comes unless it was told not to. */
export class StreamClient {
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  #received = ''

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request
    this.#response = response
    response.setEncoding('utf8')
    response.on('error', () => {})
  }

  static async connect(
    url: string,
    options: { read?: boolean; headers?: object } = {},
  ): Promise<StreamClient> {
    const request = httpRequest(url, { agent: new Agent(), headers: { ...options.headers } })
    request.on('error', () => {})
    request.end()
    const [response] = await once(request, 'response')
    const client = new StreamClient(request, response)
    if (options.read !== false) client.read()
    return client
  }

  /** Begins to read. */
  read(): void {
    this.#response.on('data', (text: string) => {
      this.#received += text
      this.#response.emit('received')
    })
  }

  get received(): string {
    return this.#received
  }

  /** Resolves with all that was received so far, as soon as it ends with `text`. */
  async until(text: string): Promise<string> {
    while (!this.#received.endsWith(text)) await once(this.#response, 'received')
    return this.#received
  }

  /** Resolves with the whole body when the server has ended it, or the connection broke. */
  async ended(): Promise<string> {
    if (!this.#response.closed) await new Promise((resolve) => this.#response.once('close', resolve))
    return this.#received
  }

  /** Whether the body came to its proper end. */
  get isComplete(): boolean {
    return this.#response.complete
  }

  leave(): void {
    this.#request.destroy()
  }
}

/** The reason of a close that is to come. */
export function closeOf(stream: EventStream): Promise<CloseReason> {
  return new Promise((resolve) => stream.onClose(resolve))
}
