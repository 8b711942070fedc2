import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/free-port.ts'
import { adapted, guideBlock } from './production-guide.ts'

export type ProxyName = 'nginx' | 'haproxy' | 'caddy'

/** A proxy of the production guide in front of two servers of this machine. */
export interface StartedProxy {
  readonly port: number
  /** `https://127.0.0.1:<port>`; with the certificate of `certificate()`. */
  readonly origin: string
  /** For files of the proxy, such as a socket. */
  readonly folder: string
  close(): Promise<void>
}

export interface ProxyOptions {
  /** The program. */
  readonly path: string
  readonly upstreamPorts: readonly [number, number]
  /** What `60s` becomes: the time-outs for a silent connection. Default: they stay. */
  readonly idle?: string | undefined
}

const certificates = fileURLToPath(new URL('../../adapters/fixtures/', import.meta.url))
const startMs = 20_000

interface Kind {
  readonly file: string
  /** What the guide leaves to the reader: where to listen, and which certificate. */
  changes(port: number, files: { cert: string; key: string; both: string }): [string, string][]
  /** What has to stand around the block for a proxy that is no service. */
  around(block: string, folder: string): string
  args(file: string, folder: string): string[]
}

const kinds: Readonly<Record<ProxyName, Kind>> = {
  nginx: {
    file: 'nginx.conf',
    changes: (port, { cert, key }) => [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/ssl/example.com/fullchain.pem', cert],
      ['/etc/ssl/example.com/privkey.pem', key],
    ],
    around: (block) => `
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        client_body_temp_path body;
        proxy_temp_path proxy;
        fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        ${block}
      }`,
    args: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
  },
  haproxy: {
    file: 'haproxy.cfg',
    changes: (port, { both }) => [
      ['bind :443', `bind 127.0.0.1:${port}`],
      ['/etc/haproxy/example.com.pem', both],
    ],
    around: (block, folder) => `global\n  stats socket ${join(folder, 'socket')} level admin\n${block}`,
    args: (file) => ['-f', file],
  },
  caddy: {
    file: 'Caddyfile',
    changes: (port, { cert, key }) => [
      ['example.com {', `https://127.0.0.1:${port} {\n  bind 127.0.0.1`],
      ['/etc/ssl/example.com/fullchain.pem', cert],
      ['/etc/ssl/example.com/privkey.pem', key],
    ],
    around: (block) => `{\n  admin off\n  auto_https disable_redirects\n}\n${block}`,
    args: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  },
}

const opened = new Set<StartedProxy>()

afterEach(async () => {
  await Promise.all([...opened].map((proxy) => proxy.close()))
})

/** Starts a proxy with its block of docs/production.md; what is changed in it are addresses, files and time-outs. */
export async function startProxy(name: ProxyName, options: ProxyOptions): Promise<StartedProxy> {
  const { file, changes, around, args } = kinds[name]
  const folder = mkdtempSync(join(tmpdir(), `rivulet-${name}-`))
  const port = await freePort()
  const files = certificateFiles(folder)
  const [one, two] = options.upstreamPorts
  const idle = options.idle === undefined || name === 'caddy' ? [] : ([['60s', options.idle]] as const)
  const block = adapted(guideBlock(file), [
    ...changes(port, files),
    ['127.0.0.1:3001', `127.0.0.1:${one}`],
    ['127.0.0.1:3002', `127.0.0.1:${two}`],
    ...idle,
  ])
  writeFileSync(join(folder, file), around(block, folder))
  const child = spawn(options.path, args(join(folder, file), folder), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  })
  const proxy: StartedProxy = {
    port,
    origin: `https://127.0.0.1:${port}`,
    folder,
    async close() {
      opened.delete(proxy)
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  opened.add(proxy)
  await listening(child, port)
  return proxy
}

function certificateFiles(folder: string): { cert: string; key: string; both: string } {
  const cert = join(certificates, 'localhost-cert.pem')
  const key = join(certificates, 'localhost-key.pem')
  const both = join(folder, 'both.pem')
  writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
  return { cert, key, both }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const said: string[] = []
  child.stderr?.on('data', (text: Buffer) => said.push(text.toString()))
  const deadline = performance.now() + startMs
  for (;;) {
    if (await accepts(port)) return
    const hasEnded = child.exitCode !== null || child.signalCode !== null
    if (hasEnded || performance.now() > deadline) {
      throw new Error(`${child.spawnfile} did not start:\n${said.join('')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Streams are open through it, which nginx and Caddy would wait for. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
