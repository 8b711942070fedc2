import { freePort, ownFolder, startServer } from './own-server.mjs'
import { findProgram } from './programs.mjs'
import { oneScriptEach, scriptsBatched, xaddOnly } from './redis/by-hand.mjs'
import { clients } from './redis/clients.mjs'

/** @type {import('./engine.mjs').Engine} */
export const engine = {
  name: 'redis',
  packages: ['@rivulet/log-redis', 'ioredis', 'redis'],
  programs: ['redis-server'],
  missing: () =>
    findProgram('redis-server') === undefined ? 'needs redis-server: apt-get install redis-server' : null,
  servers: {
    'fsync every second': () => start('everysec'),
    'fsync always': () => start('always'),
  },
  logs: Object.entries(clients).map(([driver, client]) => ({
    label: `rivulet-redis over ${driver}`,
    bare: driver,
    async open({ port }) {
      const { createRedisLog } = await import('@rivulet/log-redis')
      const { raw } = await client.connect(port)
      return createRedisLog({ client: raw })
    },
  })),
  bares: Object.entries(clients).flatMap(([driver, client]) => [
    { label: driver, in: ['log-append', 'log-latency'], open: scriptsBatched(client) },
    { label: `${driver}: one script each`, in: ['log-append'], open: oneScriptEach(client) },
    { label: `${driver}: XADD`, in: ['log-append'], open: xaddOnly(client) },
  ]),
  bars: {
    // Of the 20,000 that are offered.
    followRate: 19_000,
    latencyMs: 2,
    // Every 15 s a script for each channel that was silent. It does four commands, and each of them counts: 267 a second.
    idleCommands: 300,
  },
}

async function start(appendfsync) {
  const { path, remove } = ownFolder()
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', dir: path, save: '', appendonly: 'yes', appendfsync }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = await startServer(findProgram('redis-server'), args, {
    readyText: 'Ready to accept connections',
  })
  const { Redis } = await import('ioredis')
  const control = new Redis({ port })
  return {
    address: { port },
    async counts() {
      const connected = /connected_clients:(\d+)/.exec(await control.info('clients'))
      const executed = /total_commands_processed:(\d+)/.exec(await control.info('stats'))
      return { connections: Number(connected[1]) - 1, commands: Number(executed[1]) }
    },
    async stop() {
      control.disconnect()
      await server.stop()
      remove()
    },
  }
}
