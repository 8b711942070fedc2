import { engine as postgres } from './postgres.mjs'
import { engine as redis } from './redis.mjs'
import { engine as sqlite } from './sqlite.mjs'

/** All engines, in the order of their rows. */
export const engines = [redis, postgres, sqlite]

/** @returns {import('./engine.mjs').Engine} */
export function engineNamed(name) {
  return engines.find((engine) => engine.name === name)
}
