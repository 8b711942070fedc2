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
  let count = 0
  for (const name of names) {
    subscribe(`rivulet:${name}`, () => {
      count += 1
    })
  }
  return startCore(settings)
}
