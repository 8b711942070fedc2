import { createHash } from 'node:crypto'
import type { Driver } from '../client/driver.ts'

/** A Lua script with the hash that Redis knows it by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/**
 * Runs a script by its hash, and with its source where Redis has not seen it yet: after a restart, on another node of a
 * cluster, after SCRIPT FLUSH.
 */
export async function runScript(
  driver: Driver,
  { source, sha }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await driver.command(['EVALSHA', sha, ...rest], keys[0] ?? '')
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return driver.command(['EVAL', source, ...rest], keys[0] ?? '')
  }
}
