import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { Step, StepTools } from './steps.ts'

export interface ScriptedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Of `performance.now()`. */
  readonly at: number
}

/** A page that does nothing by itself, and asks for nothing else. */
const page = '<!doctype html><title>A page</title><link rel="icon" href="data:,">'

const tools: StepTools = {
  compressed(response, coding) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': coding })
    const encoder =
      coding === 'gzip'
        ? createGzip({ flush: constants.Z_SYNC_FLUSH })
        : createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH })
    encoder.pipe(response)
    return encoder
  },
}

/**
 * A server that answers request after request as it was told, the last step again and again. Below `/page` it has a page, and it
 * allows preflights whatever they ask for; neither uses up a step.
 */
export class ScriptedServer {
  readonly url: string
  requests: ScriptedRequest[] = []
  /** What preflights asked for. */
  readonly preflights: (string | undefined)[] = []
  readonly #close: () => Promise<void>
  #steps: readonly Step[]
  #count = 0
  #wake = () => {}

  private constructor(url: string, steps: readonly Step[], close: () => Promise<void>) {
    this.url = url
    this.#steps = steps
    this.#close = close
  }

  static async start(...steps: readonly Step[]): Promise<ScriptedServer> {
    const sockets = new Set<Socket>()
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/page') === true) {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
        return
      }
      if (request.method === 'OPTIONS') {
        scripted.#allow(request, response)
        return
      }
      const step = scripted.#next()
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const body = Buffer.concat(chunks).toString()
        scripted.requests.push({ method, url, headers, body, at: performance.now() })
        scripted.#wake()
        void step?.(response, request, tools)
      })
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // it listens on TCP
    const scripted = new ScriptedServer(`http://127.0.0.1:${port}/`, steps, async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return scripted
  }

  /** Begins anew, with other steps. */
  script(...steps: readonly Step[]): void {
    this.#steps = steps
    this.#count = 0
    this.requests = []
  }

  /** Until so many requests have come. */
  async requested(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): Promise<void> {
    return this.#close()
  }

  #next(): Step | undefined {
    this.#count += 1
    return this.#steps[Math.min(this.#count, this.#steps.length) - 1]
  }

  #allow({ headers }: IncomingMessage, response: ServerResponse): void {
    const asked = headers['access-control-request-headers']
    this.preflights.push(asked)
    response.writeHead(204, {
      'Access-Control-Allow-Origin': headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      ...(asked === undefined ? {} : { 'Access-Control-Allow-Headers': asked }),
    })
    response.end()
  }
}
