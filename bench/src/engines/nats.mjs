import { chainsBatched, publishOnly } from './nats/by-hand.mjs'
import { freePort, ownFolder, startServer } from './own-server.mjs'
import { findProgram } from './programs.mjs'

/** @type {import('./engine.mjs').Engine} */
export const engine = {
  name: 'nats',
  packages: ['@rivulet/log-nats', '@nats-io/transport-node', '@nats-io/jetstream'],
  programs: ['nats-server'],
  missing: () =>
    findProgram('nats-server') === undefined ? 'needs nats-server: apt-get install nats-server' : null,
  servers: { default: start },
  logs: [
    {
      label: 'rivulet-nats',
      bare: 'nats',
      async open(address) {
        const { createNatsLog } = await import('@rivulet/log-nats')
        const { connect } = await import('@nats-io/transport-node')
        return createNatsLog({ connection: await connect(address) })
      },
    },
  ],
  bares: [
    { label: 'nats', in: ['log-append', 'log-latency'], open: chainsBatched },
    { label: 'nats: publish each', in: ['log-append'], open: publishOnly },
  ],
  bars: {
    latencyMs: 2,
    // The server sends a heartbeat for each channel every 5 s: 200 a second.
    idleCommands: 250,
  },
}

async function start() {
  const { path, remove } = ownFolder()
  const port = await freePort()
  const monitor = await freePort()
  const settings = { addr: '127.0.0.1', port, http_port: monitor, store_dir: path }
  const args = [
    '--jetstream',
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ]
  const server = await startServer(findProgram('nats-server'), args, { readyText: 'Server is ready' })
  return {
    address: { servers: `127.0.0.1:${port}` },
    /** Messages either way are what a server without statements can be asked for. */
    async counts() {
      const answer = await fetch(`http://127.0.0.1:${monitor}/varz`)
      const { connections, in_msgs: taken, out_msgs: sent } = await answer.json()
      return { connections, commands: taken + sent }
    },
    async stop() {
      await server.stop()
      remove()
    },
  }
}
