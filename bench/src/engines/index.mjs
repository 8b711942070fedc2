import { engine as redis } from './redis.mjs'

/** All engines, in the order of their rows. */
export const engines = [redis]

/** @returns {import('./engine.mjs').Engine} */
export function engineNamed(name) {
  return engines.find((engine) => engine.name === name)
}
