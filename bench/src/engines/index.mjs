import { engine as nats } from './nats.mjs'
import { engine as postgres } from './postgres.mjs'
import { engine as redis } from './redis.mjs'
import { engine as sqlite } from './sqlite.mjs'

/** All engines, in the order of their rows. */
export const engines = [redis, postgres, sqlite, nats]

/** @returns {import('./engine.mjs').Engine} */
export function engineNamed(name) {
  return engines.find((engine) => engine.name === name)
}
