import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How to get what `npm start` runs besides Node. */
const hints = {
  haproxy: 'apt-get install haproxy, brew install haproxy, or HAPROXY=/path/to/haproxy',
  'redis-server':
    'docker compose up --detach --wait and REDIS_URL=redis://127.0.0.1:6379, apt-get install redis-server, or brew install redis',
  postgres:
    'docker compose up --detach --wait and DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres, apt-get install postgresql, or brew install postgresql',
} as const

export type Program = keyof typeof hints

/** @returns Its path, or `undefined`. */
export function findProgram(name: Program): string | undefined {
  const { HAPROXY } = process.env
  if (name === 'haproxy' && HAPROXY) return isExecutable(HAPROXY) ? HAPROXY : undefined
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** What is missing of these, in words for a person; empty where all is there. */
export function missingPrograms(needed: readonly Program[]): string {
  const missing = needed.filter((name) => findProgram(name) === undefined)
  return missing.map((name) => `${name} is missing: ${hints[name]}.`).join('\n')
}

/** Debian keeps PostgreSQL's programs off the PATH. */
function postgresFolders(): string[] {
  const versions = '/usr/lib/postgresql'
  return existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : []
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false // Not there, or not ours to run.
  }
}
