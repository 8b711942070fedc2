import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresAnswers, redisAnswers, startPostgres, startRedis, webAnswers } from './engines.js'
import { findProgram, missingPrograms, type Program } from './programs.js'
import { Service } from './service.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const nodeNames = ['one', 'two'] as const

export interface ClusterOptions {
  /** Where the balancer listens; 0 is any free port. */
  readonly port: number
  /** Left out: a Redis of its own, which is gone with the cluster. */
  readonly redisUrl?: string | undefined
  /** Left out: a PostgreSQL of its own, likewise. */
  readonly databaseUrl?: string | undefined
  readonly print: (line: string) => void
}

export interface Cluster {
  readonly url: string
  readonly services: readonly Service[]
  stop(): Promise<void>
}

/** What is not there for these options, and how to get it; empty where all is there. */
export function missingFor({ redisUrl, databaseUrl }: Omit<ClusterOptions, 'port' | 'print'>): string {
  const needed: Program[] = ['haproxy']
  if (!redisUrl) needed.push('redis-server')
  if (!databaseUrl) needed.push('postgres')
  return missingPrograms(needed)
}

/** Where `npm run chaos` finds the processes of the cluster at this port. */
export function processFile(port: number): string {
  return join(root, 'data', `processes-${port}.json`)
}

/** Starts engines, nodes and HAProxy, each again whenever it ends; resolves when the cluster answers. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'))
  // The user that PostgreSQL runs as has to get through.
  chmodSync(folder, 0o711)
  const port = options.port || (await freePort())
  const services: Service[] = []
  const remember = () => {
    const pids = Object.fromEntries(services.map(({ name, pid }) => [name, pid]))
    mkdirSync(join(root, 'data'), { recursive: true })
    writeFileSync(processFile(port), JSON.stringify(pids))
  }
  // In a later turn: what was started first is among the services by then.
  const parts = (name: string) => ({
    print: (line: string) => options.print(`${name} | ${line}`),
    started: () => setImmediate(remember),
  })
  const cluster: Cluster = {
    url: `http://localhost:${port}`,
    services,
    async stop() {
      // First those who use the others.
      for (const group of [nodeNames, ['haproxy'], ['redis', 'postgres']] as const) {
        const names: readonly string[] = group
        await Promise.all(
          services.filter(({ name }) => names.includes(name)).map((service) => service.stop()),
        )
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
      rmSync(processFile(port), { force: true })
    },
  }

  try {
    const [redisUrl, databaseUrl] = await Promise.all([redis(), postgres()])
    const ports = [await freePort(), await freePort()]
    nodeNames.forEach((name, index) => {
      const env = {
        NODE_NAME: name,
        PORT: String(ports[index]),
        REDIS_URL: redisUrl,
        DATABASE_URL: databaseUrl,
      }
      services.push(
        new Service({
          name,
          command: process.execPath,
          args: ['--import', 'tsx', join(root, 'src/server.ts')],
          env,
          ...parts(name),
        }),
      )
    })
    await Promise.all(ports.map((each) => webAnswers(`http://127.0.0.1:${each}/ready`)))
    const [one, two] = ports.map((each) => `127.0.0.1:${each}`)
    services.push(
      new Service({
        name: 'haproxy',
        command: findProgram('haproxy') ?? 'haproxy',
        args: ['-f', join(root, 'haproxy.cfg')],
        env: { PORT: String(port), NODE_ONE: one ?? '', NODE_TWO: two ?? '' },
        ...parts('haproxy'),
      }),
    )
    await webAnswers(`${cluster.url}/ready`)
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }

  async function redis(): Promise<string> {
    if (options.redisUrl) return options.redisUrl
    const port = await freePort()
    services.push(startRedis({ port, folder: join(folder, 'redis'), ...parts('redis') }))
    const url = `redis://127.0.0.1:${port}`
    await redisAnswers(url)
    return url
  }

  async function postgres(): Promise<string> {
    if (options.databaseUrl) return options.databaseUrl
    const port = await freePort()
    services.push(startPostgres({ port, folder: join(folder, 'postgres'), ...parts('postgres') }))
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`
    await postgresAnswers(url)
    return url
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.')
  return address.port
}
