import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** This process's environment as a user's terminal has it, outside of the npm script that started the tests. */
export function userEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|JEST_|NODE_OPTIONS$)/i.test(name)),
  )
}

export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends it after so long. Default 300,000 (five minutes). */
  readonly timeoutMs?: number
}

/**
 * Runs a command as a user would, and resolves with what it wrote to stdout.
 *
 * @throws {Error} with all of its output, unless it exits with 0 in time.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 300_000 }: CommandOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...userEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = await once(child, 'close')
  if (code === 0) return stdout
  throw new Error(
    `${[command, ...args].join(' ')} in ${cwd} ended with ${signal ?? code}:\n${stdout}\n${stderr}`,
  )
}
