import { execFileSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What some tests need and not every machine has, and how a person gets it. */
const tools = {
  chromium: { commands: ['chromium', 'chromium-browser', 'google-chrome'], get: 'apt-get install chromium' },
  nginx: { commands: ['nginx'], get: 'apt-get install nginx' },
  haproxy: { commands: ['haproxy'], get: 'apt-get install haproxy' },
  caddy: { commands: ['caddy'], get: 'apt-get install caddy' },
  ip: { commands: ['ip'], get: 'apt-get install iproute2, and the right to make network namespaces' },
  curl: { commands: ['curl'], get: 'apt-get install curl' },
  'redis-server': { commands: ['redis-server'], get: 'apt-get install redis-server' },
  postgres: { commands: ['postgres'], get: 'apt-get install postgresql' },
  'nats-server': { commands: ['nats-server'], get: 'apt-get install nats-server' },
  pgbouncer: { commands: ['pgbouncer'], get: 'apt-get install pgbouncer' },
} as const

/** What `.ci/engines` fetches, by its place there: this machine's own may be older. */
const engines = {
  'valkey-server@8.1': 'usr/bin/valkey-server',
  'redis-server@8.0': 'usr/bin/redis-server',
  'nats-server@2.10': 'usr/sbin/nats-server',
  'postgres@17': 'usr/lib/postgresql/17/bin/postgres',
} as const

export type ToolName = keyof typeof tools | keyof typeof engines | `node@${number}`

/** A tool, and `describe` and `test` for the tests that need it. */
export interface Tool {
  /** Where its program is. Throws where there is none, so use it inside tests only. */
  readonly path: string
  readonly isAvailable: boolean
  /** Jest's `describe`. Where the tool is missing its tests are skipped and their names say why. */
  readonly describe: (name: string, body: () => void) => void
  /** Jest's `test`, likewise. */
  readonly test: (name: string, body: jest.ProvidesCallback, timeoutMs?: number) => void
}

/**
 * Says that tests need a tool:
 *
 * ```ts
 * const nginx = needs('nginx')
 * nginx.test('arrives through nginx', async () => { spawn(nginx.path, …) })
 * ```
 *
 * Without the tool the tests are skipped, and what was skipped is listed at the end of the run with the
 * reason. With `CI=true` a missing tool is a failure.
 */
export function needs(name: ToolName): Tool {
  return toolAt(name, findTool(name), process.env.CI === 'true')
}

/** The decision of {@link needs}, apart from the machine it runs on. */
export function toolAt(name: ToolName, path: string | undefined, inCI: boolean): Tool {
  const missing = `needs ${name}: ${howToGet(name)}`
  const tool = {
    isAvailable: path !== undefined,
    get path() {
      if (path === undefined) throw new Error(missing)
      return path
    },
  }
  if (path !== undefined) return Object.assign(tool, { describe, test })
  if (inCI) {
    const fail = (title: string) =>
      test(title, () => {
        throw new Error(`In CI nothing is skipped. This ${missing}`)
      })
    return Object.assign(tool, { describe: fail, test: fail })
  }
  return Object.assign(tool, {
    describe: (title: string, body: () => void) => describe.skip(`${title} [${missing}]`, body),
    test: (title: string, body: jest.ProvidesCallback) => test.skip(`${title} [${missing}]`, body),
  })
}

function howToGet(name: ToolName): string {
  if (isNodeVersion(name)) return 'the npm registry must be reachable'
  return isEngine(name) ? 'run .ci/engines, on Debian' : tools[name].get
}

function findTool(name: ToolName): string | undefined {
  if (isNodeVersion(name)) return findNode(name)
  return isEngine(name) ? findEngine(name) : findProgram(tools[name].commands)
}

function isEngine(name: ToolName): name is keyof typeof engines {
  return name in engines
}

function findEngine(name: keyof typeof engines): string | undefined {
  const folder = process.env.RIVULET_ENGINES ?? join(root, 'node_modules', '.cache', 'rivulet', 'engines')
  const program = join(folder, engines[name])
  return isExecutable(program) ? program : undefined
}

function isNodeVersion(name: ToolName): name is `node@${number}` {
  return name.startsWith('node@')
}

function findProgram(commands: readonly string[]): string | undefined {
  // Administrators' programs such as nginx are not on every user's PATH; Debian keeps PostgreSQL's apart.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()]
  return folders.flatMap((folder) => commands.map((command) => join(folder, command))).find(isExecutable)
}

function postgresFolders(): string[] {
  const versions = '/usr/lib/postgresql'
  return existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : []
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // Not there, or not ours to run: either way the search goes on.
  }
}

/**
 * Another Node, from the npm registry, where each version is a package per platform. It is fetched once
 * and kept beside what else the scripts remember.
 */
function findNode(name: `node@${number}`): string | undefined {
  const version = name.slice('node@'.length)
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const packageName = `node-${platform}-${process.arch}`
  const folder = join(root, 'node_modules', '.cache', 'rivulet', `node-${version}`)
  const program = join(folder, 'node_modules', packageName, 'bin', platform === 'win' ? 'node.exe' : 'node')
  if (!isExecutable(program)) fetchPackage(`${packageName}@${version}`, folder)
  return isExecutable(program) ? program : undefined
}

/** Installs a package into a folder of its own, whole or not at all: several test files may ask at once. */
function fetchPackage(specifier: string, folder: string): void {
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    execFileSync('npm', ['install', '--prefix', unfinished, '--no-package-lock', specifier], {
      stdio: 'ignore',
      timeout: 180_000,
      shell: process.platform === 'win32',
    })
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } catch {
    // Without a registry the tool stays missing, which the caller reports, and somebody else's copy
    // that was finished a moment earlier is as good as this one.
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
