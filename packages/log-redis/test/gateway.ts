import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './own-server.ts'

/** Stands before a server: an address that goes with the primary, and a network that may part. */
export class Gateway {
  readonly port: number
  /** Where connections lead; `null`: nowhere. */
  target: number | null
  readonly #server = createServer((client) => this.#connect(client))
  readonly #sockets = new Set<Socket>()

  private constructor(port: number, target: number) {
    this.port = port
    this.target = target
  }

  static async start(target: number): Promise<Gateway> {
    const gateway = new Gateway(await freePort(), target)
    gateway.#server.listen(gateway.port, '127.0.0.1')
    await once(gateway.#server, 'listening')
    return gateway
  }

  /** Ends all connections; new ones lead to another port, or nowhere. */
  switchTo(target: number | null): void {
    this.target = target
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.switchTo(null)
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connect(client: Socket): void {
    if (this.target === null) {
      client.destroy()
      return
    }
    const server = connect(this.target, '127.0.0.1')
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.pipe(server)
    server.pipe(client)
  }
}
