import type { IoredisClient } from './client-shapes.ts'
import type { Command } from './driver.ts'

/** What is used of both kinds of ioredis clients to send. */
export interface SendingClient extends IoredisClient {
  readonly options: { readonly enableOfflineQueue?: boolean }
  connect(): Promise<void>
  on(event: 'ready' | 'end', listener: () => void): unknown
  off(event: 'ready' | 'end', listener: () => void): unknown
}

/**
 * Sends commands, and while there is no connection keeps them for a bounded time. The queue of ioredis itself keeps them until it
 * is connected: through an outage it would grow and grow, and then all be done whose callers were told long ago that it failed.
 */
export class IoredisSender {
  readonly #client: SendingClient
  readonly #sendMs: number
  /** In the order of the calls. */
  readonly #waiting = new Set<() => void>()
  readonly #sendAll = () => {
    for (const send of this.#waiting) send()
    this.#endWaiting()
  }

  constructor(client: SendingClient, sendMs: number) {
    this.#client = client
    this.#sendMs = sendMs
  }

  /** @throws Error (rejects) where there was no connection for so long; the command is never sent then. */
  send(command: Command): Promise<unknown> {
    const client = this.#client
    if (client.status === 'ready' && this.#waiting.size === 0) return call(client, command)
    // It refuses by itself: always where it was closed, and without a queue whenever it is not connected.
    if (client.status === 'end' || client.options.enableOfflineQueue === false) return call(client, command)
    // Made with `lazyConnect`; what is wrong its `error` event tells.
    if (client.status === 'wait') client.connect().catch(() => {})
    return this.#wait(command)
  }

  #wait(command: Command): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const send = () => {
        clearTimeout(timer)
        resolve(call(this.#client, command))
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(send)
        if (this.#waiting.size === 0) this.#endWaiting()
        reject(new Error(`no connection within ${this.#sendMs} ms`))
      }, this.#sendMs)
      if (this.#waiting.size === 0) this.#beginWaiting()
      this.#waiting.add(send)
    })
  }

  #beginWaiting(): void {
    this.#client.on('ready', this.#sendAll)
    this.#client.on('end', this.#sendAll)
  }

  #endWaiting(): void {
    this.#waiting.clear()
    this.#client.off('ready', this.#sendAll)
    this.#client.off('end', this.#sendAll)
  }
}

function call(client: IoredisClient, [name, ...args]: Command): Promise<unknown> {
  return client.call(name, ...args)
}
