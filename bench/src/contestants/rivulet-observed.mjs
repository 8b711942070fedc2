import { subscribe } from 'node:diagnostics_channel'
import { start as startCore } from './rivulet-core.mjs'

const names = [
  'stream.open',
  'stream.close',
  'channel.publish',
  'channel.deliver',
  'channel.replay',
  'channel.slow',
  'channel.gap',
  'log.error',
  'log.reconnect',
]

/** Rivulet on plain `node:http` with somebody who listens to everything that it tells. */
export async function start(settings) {
  /** How often each was told of. */
  const counts = new Map(names.map((name) => [name, 0]))
  for (const name of names) {
    subscribe(`rivulet:${name}`, () => counts.set(name, (counts.get(name) ?? 0) + 1))
  }
  return startCore(settings)
}
