import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisClient } from '../src/index.ts'

/** A client as a user has it, connected. */
export interface UserClient {
  readonly client: RedisClient
  isOpen(): boolean
  close(): Promise<void>
}

export interface ClientSettings {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  readonly port: number
  /** The name of its connection and of its duplicates', to tell them from others'. */
  readonly name?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** Makes a user's client. */
export type OpenClient = (settings: ClientSettings) => Promise<UserClient>

export async function openIoredis({
  host = '127.0.0.1',
  port,
  name = 'test',
  username,
  password,
}: ClientSettings): Promise<UserClient> {
  const client = new Redis({
    host,
    port,
    connectionName: name,
    ...credentials({ username, password }),
  })
  client.on('error', ignore)
  return {
    client,
    isOpen: () => client.status === 'ready',
    close: async () => client.disconnect(),
  }
}

async function openNodeRedis({
  host = '127.0.0.1',
  port,
  name = 'test',
  username,
  password,
}: ClientSettings): Promise<UserClient> {
  const client = createClient({
    name,
    socket: { host, port },
    ...credentials({ username, password }),
  })
  client.on('error', ignore)
  // Where there is no server yet it goes on trying, like a user's.
  const connecting = client.connect().catch(ignore)
  await Promise.race([connecting, new Promise((resolve) => client.once('error', resolve))])
  return {
    client,
    isOpen: () => client.isReady,
    async close() {
      if (client.isOpen) client.destroy()
    },
  }
}

export const openers: readonly (readonly [name: string, open: OpenClient])[] = [
  ['ioredis', openIoredis],
  ['redis', openNodeRedis],
]

/** Those that were given, as both libraries take them. */
export function credentials({ username, password }: Pick<ClientSettings, 'username' | 'password'>) {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

/** What a client says of its connection reaches the test through the log. */
function ignore(): void {}
