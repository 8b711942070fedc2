import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { sharedServer } from './storage.ts'

/** A way to the shared server that can go silent, as a network does whose other end has vanished. */
export class Relay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isSilent = false

  private constructor() {
    this.#server = createServer((client) => {
      const { host = '', port = 0 } = sharedServer
      const server = connect(port, host)
      const isSilent = this.#isSilent
      this.#join(client, server, isSilent)
      this.#join(server, client, isSilent)
    })
  }

  static async open(): Promise<Relay> {
    const relay = new Relay()
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on a port
  }

  /** Nothing gets through any more, on what is connected and on what will be. */
  silence(): void {
    this.#isSilent = true
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  /** What connects from now on gets through. */
  speak(): void {
    this.#isSilent = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(from: Socket, to: Socket, isSilent: boolean): void {
    this.#sockets.add(from)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    if (!isSilent) from.pipe(to)
  }
}
