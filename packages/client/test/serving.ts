import { type Connection, type ConnectionState, type ConnectOptions, connect } from '@rivulet/client'
import { ScriptedServer } from './scripted-server.ts'
import type { Step } from './steps.ts'

const servers: ScriptedServer[] = []
const connections: Connection[] = []

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close()
  for (const server of servers.splice(0)) await server.close()
})

export async function serve(...steps: Step[]): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...steps)
  servers.push(server)
  return server
}

/** Connects with short times. */
export function open(url: string, options: ConnectOptions = {}): Connection {
  const connection = connect(url, { retryMs: 5, maxRetryMs: 20, ...options })
  connections.push(connection)
  return connection
}

/** Resolves when a connection is in a state, with the error that made it so. */
export function isState(connection: Connection, state: ConnectionState): Promise<unknown> {
  return new Promise((resolve) => {
    const stop = connection.onState((now, error) => {
      if (now !== state) return
      stop()
      resolve(error)
    })
  })
}

/** A request that is made after whatever came before it, and gets there after that. */
export async function laterRequest(server: ScriptedServer): Promise<void> {
  const controller = new AbortController()
  const { length } = server.requests
  const later = fetch(`${server.url}later`, { signal: controller.signal }).catch(() => {})
  await server.requested(length + 1)
  controller.abort()
  await later
}
