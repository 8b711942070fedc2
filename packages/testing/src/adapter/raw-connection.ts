import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { within } from './within.ts'

/** A connection on which a test writes HTTP/1 itself, for what no HTTP client would send. */
export class RawConnection {
  readonly #socket: Socket
  /** What is under TLS, or the socket itself. */
  readonly #transport: Socket
  readonly #lookers = new Set<() => void>()
  #text = ''
  #isClosed = false

  private constructor(socket: Socket, transport: Socket) {
    this.#socket = socket
    this.#transport = transport
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text += text
      this.#look()
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#look()
    })
    // How a connection went is seen by `closed`; servers under test may well reset it.
    for (const each of [socket, transport]) each.on('error', () => {})
  }

  static async open(origin: string): Promise<RawConnection> {
    const { protocol, hostname, port } = new URL(origin)
    const transport = connect({ host: hostname, port: Number(port) })
    const isTls = protocol === 'https:'
    const socket = isTls ? connectTls({ socket: transport, rejectUnauthorized: false }) : transport
    const connection = new RawConnection(socket, transport)
    await within(once(socket, isTls ? 'secureConnect' : 'connect'), 'a connection')
    return connection
  }

  /** Everything that came, one character per byte. */
  get text(): string {
    return this.#text
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  /** Says that nothing more will be written; still reads. */
  end(): void {
    this.#socket.end()
  }

  /** Breaks the connection without a goodbye. */
  reset(): void {
    this.#transport.resetAndDestroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Until what came matches. */
  async until(pattern: RegExp): Promise<string> {
    await this.#waitFor(() => pattern.test(this.#text) || this.#isClosed, String(pattern))
    assert.match(this.#text, pattern)
    return this.#text
  }

  /** Until the server has closed the connection. */
  async closed(): Promise<string> {
    await this.#waitFor(() => this.#isClosed, 'the connection to be closed')
    return this.#text
  }

  async #waitFor(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return
    let look = () => {}
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (holds()) resolve()
      }
    })
    this.#lookers.add(look)
    try {
      await within(seen, `${what}; came: ${JSON.stringify(this.#text.slice(-500))}`)
    } finally {
      this.#lookers.delete(look)
    }
  }

  #look(): void {
    for (const look of [...this.#lookers]) look()
  }
}

/** One response as it came, its body out of its chunks. */
export interface RawResponse {
  readonly head: string
  readonly body: string
}

/** Takes what came apart into responses. The last may be unfinished. */
export function parseResponses(text: string): RawResponse[] {
  const responses: RawResponse[] = []
  let rest = text
  while (rest !== '') {
    const headEnd = rest.indexOf('\r\n\r\n')
    assert.notEqual(headEnd, -1, `no head: ${JSON.stringify(rest.slice(0, 200))}`)
    const head = rest.slice(0, headEnd)
    rest = rest.slice(headEnd + 4)
    if (!/\r\ntransfer-encoding: chunked/i.test(head)) return [...responses, { head, body: rest }]
    const chunked = unchunk(rest)
    responses.push({ head, body: chunked.body })
    rest = chunked.rest
  }
  return responses
}

function unchunk(text: string): { body: string; rest: string } {
  let body = ''
  let at = 0
  while (at < text.length) {
    const sizeEnd = text.indexOf('\r\n', at)
    const size = text.slice(at, sizeEnd)
    assert.match(size, /^[0-9a-f]+$/i, `no chunk size: ${JSON.stringify(text.slice(at, at + 80))}`)
    const start = sizeEnd + 2
    const end = start + Number.parseInt(size, 16)
    assert.equal(text.slice(end, end + 2), '\r\n', 'a chunk is not as long as it says')
    body += text.slice(start, end)
    at = end + 2
    if (start + 2 === at) return { body, rest: text.slice(at) }
  }
  return { body, rest: '' }
}
