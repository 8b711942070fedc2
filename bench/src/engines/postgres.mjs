import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { freePort, ownFolder, startServer } from './own-server.mjs'
import { callsBatched, insertOnly, oneCallEach } from './postgres/by-hand.mjs'
import { findProgram } from './programs.mjs'

/** @type {import('./engine.mjs').Engine} */
export const engine = {
  name: 'postgres',
  packages: ['@rivulet/log-postgres', 'pg'],
  programs: ['postgres'],
  missing: () =>
    findProgram('postgres') === undefined ? 'needs PostgreSQL: apt-get install postgresql' : null,
  servers: {
    'synchronous_commit on': () => start('on'),
    'synchronous_commit off': () => start('off'),
  },
  logs: [
    {
      label: 'rivulet-postgres',
      bare: 'pg',
      async open(address) {
        const { createPostgresLog } = await import('@rivulet/log-postgres')
        const { default: pg } = await import('pg')
        // What opening many channels took is given back before idle ones are looked at, not ten seconds later.
        const log = createPostgresLog({ pool: new pg.Pool({ ...address, idleTimeoutMillis: 1_500 }) })
        await log.migrate()
        return log
      },
    },
  ],
  bares: [
    { label: 'pg', in: ['log-append', 'log-latency'], open: callsBatched },
    { label: 'pg: one statement each', in: ['log-append'], open: oneCallEach },
    { label: 'pg: INSERT', in: ['log-append'], open: insertOnly },
  ],
  bars: {
    latencyMs: 10,
    // Ten times in 15 s a look whether the connection that listens is there, twice one statement for all channels, each a
    // transaction; where the process is busy, one or two of other kinds.
    idleCommands: 3,
  },
}

/** PostgreSQL refuses to run as root; benchmarks in containers often do. */
function otherUser() {
  if (process.getuid() !== 0) return undefined
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'])))
  return { uid, gid }
}

async function start(synchronousCommit) {
  const owner = otherUser()
  const { path, remove } = ownFolder(owner)
  const program = findProgram('postgres')
  const data = join(path, 'data')
  execFileSync(
    join(dirname(program), 'initdb'),
    ['-D', data, '-U', 'bench', '-E', 'UTF8', '--locale=C', '--no-sync', '--auth=trust'],
    { stdio: 'ignore', cwd: path, ...owner },
  )
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    synchronous_commit: synchronousCommit,
  }
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const server = await startServer(program, args, {
    readyText: 'ready to accept connections',
    owner,
    cwd: path,
  })
  const { default: pg } = await import('pg')
  const address = { host: '127.0.0.1', port, user: 'bench', database: 'postgres' }
  const control = new pg.Client(address)
  control.on('error', () => {})
  await control.connect()
  let asked = 0
  return {
    address,
    async counts() {
      // The last figures of a connection are told a moment after it fell silent; each question is a transaction, too.
      const { rows } = await control.query(`SELECT
        (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS connections,
        (SELECT xact_commit::int FROM pg_stat_database WHERE datname = current_database()) AS commands`)
      const [{ connections, commands }] = rows
      const result = { connections, commands: commands - asked }
      asked += 1
      return result
    },
    async stop() {
      await control.end().catch(() => {})
      // At once, with all its processes: SIGKILL would leave those to find out by themselves.
      await server.stop('SIGQUIT')
      remove()
    },
  }
}
