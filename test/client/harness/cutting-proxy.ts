import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What may happen to a connection, and how often. Sizes in bytes, times in milliseconds. */
const cutAfterMs = { least: 500, most: 12_000 }
const truncatedPart = 0.3
const truncateAfterBytes = { least: 0, most: 30_000 }
/** Nothing more is passed on, and nobody is told. */
const stalledPart = 0.05
const delayedPart = 0.1
const maxDelayMs = 300

/**
 * A TCP proxy in front of a port, which may be closed at times: it passes bytes on in pieces of its own, late, and only for a while.
 * In the end of a connection what was being passed on may be cut off anywhere.
 */
export class CuttingProxy {
  readonly port: number
  /** What it has done. */
  readonly counts = { connections: 0, cuts: 0, truncations: 0, stalls: 0, delays: 0 }
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #isHonest = false

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port // it listens on TCP
    server.on('connection', (socket) => this.#pass(socket, targetPort))
  }

  static async start(targetPort: number): Promise<CuttingProxy> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingProxy(server, targetPort)
  }

  /** From now on it only passes on. Ends the connections that have a fate before them. */
  relent(): void {
    this.#isHonest = true
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.relent()
    for (const timer of this.#timers) clearTimeout(timer)
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(client: Socket, targetPort: number): void {
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    this.counts.connections += 1
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      // A connection that breaks is what this is about.
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(server)
    if (this.#isHonest) {
      server.pipe(client)
      return
    }
    this.#after(between(cutAfterMs), () => {
      if (client.destroyed) return
      this.counts.cuts += 1
      client.destroy()
    })
    void this.#mangle(server, client)
  }

  async #mangle(server: Socket, client: Socket): Promise<void> {
    let left = Math.random() < truncatedPart ? between(truncateAfterBytes) : Infinity
    const isStalling = Math.random() < stalledPart
    try {
      for await (const chunk of server as AsyncIterable<Buffer>) {
        if (Math.random() < delayedPart) {
          this.counts.delays += 1
          await new Promise<void>((resolve) => this.#after(Math.random() * maxDelayMs, resolve))
        }
        for (let rest = chunk; rest.length > 0 && !client.destroyed; ) {
          const piece = rest.subarray(0, Math.min(left, 1 + Math.floor(Math.random() * 2_000)))
          rest = rest.subarray(piece.length)
          left -= piece.length
          client.write(piece)
          if (left > 0) continue
          this.counts.truncations += 1
          // Behind what was written, which would else be lost.
          client.end()
          server.destroy()
          return
        }
        if (isStalling && Math.random() < 0.1) {
          this.counts.stalls += 1
          return
        }
      }
    } catch {
      // The server's side broke, which ends the client's.
    }
  }

  #after(ms: number, deed: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      deed()
    }, ms)
    this.#timers.add(timer)
  }
}

function between({ least, most }: { readonly least: number; readonly most: number }): number {
  return least + Math.floor(Math.random() * (most - least))
}
