import { once } from 'node:events'

/**
 * The two client libraries, with what the statements by hand need of them. `raw` is what a Redis log takes.
 *
 * @typedef {object} Client
 * @property {object} raw
 * @property {(command: readonly string[]) => Promise<unknown>} send
 * @property {(name: string, onMessage: (text: string) => void) => Promise<void>} subscribe On a connection of its own.
 *
 * @type {Readonly<Record<string, { connect(port: number): Promise<Client> }>>}
 */
export const clients = {
  ioredis: {
    async connect(port) {
      const { Redis } = await import('ioredis')
      const raw = new Redis({ port })
      await once(raw, 'ready')
      return {
        raw,
        send: ([name, ...args]) => raw.call(name, ...args),
        async subscribe(name, onMessage) {
          const subscriber = raw.duplicate()
          subscriber.on('message', (_, text) => onMessage(text))
          await subscriber.subscribe(name)
        },
      }
    },
  },
  redis: {
    async connect(port) {
      const { createClient } = await import('redis')
      const raw = await createClient({ socket: { host: '127.0.0.1', port } }).connect()
      return {
        raw,
        send: (command) => raw.sendCommand(command),
        async subscribe(name, onMessage) {
          const subscriber = await raw.duplicate().connect()
          await subscriber.subscribe(name, onMessage)
        },
      }
    },
  },
}
