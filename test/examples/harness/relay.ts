import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { RunningServer } from './running-server.ts'

/** A way to a template's server that can be cut, as networks do. */
export class Relay {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #port: number
  #isOpen = true

  private constructor(target: number) {
    this.#port = target
    this.#server = createServer((socket) => this.#pass(socket))
  }

  static async to({ port }: RunningServer): Promise<Relay> {
    const relay = new Relay(Number(port))
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
    return `http://127.0.0.1:${address.port}`
  }

  /** Cuts every connection, and refuses new ones until `mend()`. */
  cut(): void {
    this.#isOpen = false
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isOpen = true
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(socket: Socket): void {
    if (!this.#isOpen) {
      socket.destroy()
      return
    }
    const onward = connect(this.#port)
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(from)
      from.pipe(to)
      // Cut on either side; the other follows.
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
