import { batched, entryWith } from '../by-hand.mjs'
import { recordAppend } from './record-append.mjs'

/**
 * The same statements by hand: the log's own script, so many entries in one EVALSHA as came while the last was on its way, which is
 * the best that can be made of the driver. What Rivulet costs beyond that is its own.
 */
export function scriptsBatched({ connect }) {
  return async (address, channel) => {
    const { appendMany, ...feed } = await openFeed(connect, address, channel)
    return { append: batched(appendMany), appendMany, ...feed }
  }
}

/** The log's own script for each event, as most would write it; the driver sends them without waiting for answers. */
export function oneScriptEach({ connect }) {
  return async (address, channel) => {
    const { appendMany, ...feed } = await openFeed(connect, address, channel)
    return { append: (data) => appendMany([data]), ...feed }
  }
}

/** For information: no dense ids, no check against loss, no retention by size or age, nobody told. */
export function xaddOnly({ connect }) {
  return async ({ port }, channel) => {
    const { send } = await connect(port)
    return {
      append: (data) => send(['XADD', channel, 'MAXLEN', '~', '10000', '*', 'data', data]),
      async stored() {
        const info = await send(['XINFO', 'STREAM', channel])
        const facts = Array.isArray(info) ? info : Object.entries(info).flat()
        return Number(facts[facts.indexOf('entries-added') + 1])
      },
    }
  }
}

async function openFeed(connect, { port }, channel) {
  const { createRedisLog } = await import('@rivulet/log-redis')
  const client = await connect(port)
  const { source, keys, start, published, batchNumber, remember } = await recordAppend(channel)
  const sha = await client.send(['SCRIPT', 'LOAD', source])
  const log = createRedisLog({ client: client.raw })
  const before = ['EVALSHA', sha, String(keys.length), ...keys, ...start]
  let batch = Number(batchNumber)
  return {
    appendMany(data) {
      batch += 1
      const command = [...before, String(batch), remember]
      for (const one of data) {
        const { check, text } = entryWith(one)
        command.push(text, check, String(Buffer.byteLength(one)), 'event', '0')
      }
      return client.send(command)
    },
    listen: (onData) =>
      client.subscribe(published, (text) => onData(JSON.parse(text.slice(text.indexOf('{'))).data)),
    stored: async () => (await log.read(channel, { after: 'head', limit: 0 })).head,
  }
}
