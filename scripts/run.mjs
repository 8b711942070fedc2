import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

const onWindows = process.platform === 'win32'

/** What a person has to be told, without a stack trace. */
export class CommandFailed extends Error {
  name = 'CommandFailed'
}

/** Runs a script's work. Commands that fail are expected, and are reported by their message alone. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/**
 * Runs a command with this process's output.
 *
 * @throws {CommandFailed} unless it exits with 0.
 */
export function run(command, args, options = {}) {
  // On Windows npm and npx are .cmd files, which only a shell can start.
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: onWindows, ...options })
  if (result.error) throw new CommandFailed(`${command} could not be started: ${result.error.message}`)
  if (result.status !== 0) throw new CommandFailed(`${[command, ...args].join(' ')} failed`)
}

/** Runs a command that a dependency of the workspace brings. */
export function runTool(name, args, options) {
  run(join(root, 'node_modules', '.bin', name), args, options)
}

/** Runs the pnpm that package.json names. It need not be installed: npx fetches and keeps it. */
export function runPnpm(args, options) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  run('npx', ['--yes', packageManager, ...args], options)
}
