import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Stands before a server, and can break what goes through it. */
export class LinkProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #losing: string | null = null

  private constructor(port: number) {
    this.#server = createServer((client) => this.#connect(client, port))
  }

  static async start(port: number): Promise<LinkProxy> {
    const proxy = new LinkProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
    return address.port
  }

  /** Breaks all connections, as a network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** The connection that a text comes over next reaches the server, and is cut when the server answers. */
  loseNextAnswerTo(text: string): void {
    this.#losing = text
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1')
    let isLosing = false
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    }
    client.on('data', (bytes) => {
      if (this.#losing !== null && bytes.includes(this.#losing)) {
        isLosing = true
        this.#losing = null
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (isLosing) client.destroy()
      else client.write(bytes)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
