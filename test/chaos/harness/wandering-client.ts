import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import type { RecordedClient, RecordedConnection } from '@rivulet/testing'

/** Waits before it comes back, at random up to so many milliseconds. */
const maxReturnMs = 150

/** A client that drops its connection at will and comes back to any of the servers, with its last id, as the standard says. */
export class WanderingClient {
  readonly record: RecordedClient
  /** How often it has been connected. */
  connects = 0
  /** Statuses other than 200, of which there should be none. */
  readonly refusals: (number | undefined)[] = []
  readonly #ports: readonly number[]
  readonly #channel: string
  #connection: RecordedConnection | null = null
  #request: ClientRequest | null = null
  #isClosed = false

  constructor(record: RecordedClient, channel: string, ports: readonly number[]) {
    this.record = record
    this.#channel = channel
    this.#ports = ports
    this.#open()
  }

  /** Payload of the newest event that it has on this connection. */
  get newest(): string | null {
    const step = this.#connection?.steps.findLast(
      (each) => each.kind === 'block' && !each.block.event.startsWith('$'),
    )
    return step?.kind === 'block' ? step.block.data : null
  }

  drop(): void {
    this.#request?.destroy()
  }

  close(): void {
    this.#isClosed = true
    this.drop()
  }

  #open(): void {
    if (this.#isClosed) return
    const port = this.#ports[Math.floor(Math.random() * this.#ports.length)]
    const { lastEventId } = this.record
    const headers = lastEventId === null ? {} : { 'Last-Event-ID': lastEventId }
    const request = get({ host: '127.0.0.1', port, path: '/', agent: false, headers })
    this.#request = request
    this.#connection = null
    request.on('response', (response) => this.#read(response))
    request.on('error', () => {})
    request.once('close', () => {
      this.#connection?.cut()
      setTimeout(() => this.#open(), Math.random() * maxReturnMs)
    })
  }

  #read(response: IncomingMessage): void {
    response.on('error', () => {})
    if (response.statusCode !== 200) this.refusals.push(response.statusCode)
    const connection = this.record.connect().subscribe(this.#channel)
    this.connects += 1
    this.#connection = connection
    response.on('data', (bytes: Buffer) => connection.push(bytes))
  }
}
