import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What the server does with one request. */
export type Step = (response: ServerResponse, request: IncomingMessage) => unknown

/** A server that answers request after request as it was told, the last step again and again. */
export class ScriptedServer {
  readonly url: string
  /** Heads of the requests, in order. */
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
  readonly #close: () => Promise<void>
  #wake = () => {}

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async start(...steps: Step[]): Promise<ScriptedServer> {
    const sockets = new Set<Socket>()
    let count = 0
    const server = createServer((request, response) => {
      const step = steps[Math.min(count, steps.length - 1)]
      count += 1
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        scripted.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
        scripted.#wake()
        step?.(response, request)
      })
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // it listens on TCP
    const scripted = new ScriptedServer(`http://127.0.0.1:${port}/`, async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return scripted
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
}

/** Answers with a stream of this text; ends it, unless it is to stay open. */
export function streams(text: string, { stays = false, type = 'text/event-stream' } = {}): Step {
  return (response) => {
    response.writeHead(200, { 'Content-Type': type })
    response.write(text)
    if (!stays) response.end()
  }
}

/** Answers with a status and nothing to read. */
export function answers(status: number, headers: Record<string, string> = {}): Step {
  return (response) => {
    response.writeHead(status, headers)
    response.end()
  }
}
