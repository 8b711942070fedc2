import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const postgresVersions = '/usr/lib/postgresql'

/** Where a program is, or `undefined`. Servers are not on every user's PATH, and Debian keeps PostgreSQL's apart. */
export function findProgram(name) {
  const apart = existsSync(postgresVersions)
    ? readdirSync(postgresVersions).map((version) => join(postgresVersions, version, 'bin'))
    : []
  return [...apart, ...process.env.PATH.split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** `name version` as the program itself says it. */
export function programVersion(name) {
  const { stdout, stderr } = spawnSync(findProgram(name), ['-v'], { encoding: 'utf8' })
  return `${name} ${/\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of an unknown version'}`
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
