/** Epoch, retention, PUBLISH, the name published under; the batch's number, how long idempotency keys are; five for each entry. */
const argumentCount = 4 + 2 + 5

/**
 * Has a log append one entry to a server that is none, and looks what it sends, so that by hand the same script gets the same
 * arguments.
 */
export async function recordAppend(channel) {
  const { createRedisLog } = await import('@rivulet/log-redis')
  const calls = []
  const client = {
    status: 'ready',
    options: {},
    on() {},
    off() {},
    duplicate() {},
    async call(name, ...args) {
      // As from a server that has never seen the script: so that its source comes, too.
      if (name === 'EVALSHA') throw new Error('NOSCRIPT')
      calls.push(args)
      return 'epoch 1:abcd'
    },
  }
  const data = 'recorded'
  const log = createRedisLog({ client })
  await log.append(channel, { v: 1, kind: 'event', data, topics: [], at: Date.now(), check: 'abcd' })
  await log.close()
  const [source, keyCount, ...rest] = calls[0]
  const keys = rest.slice(0, Number(keyCount))
  const args = rest.slice(keys.length)
  if (args.length !== argumentCount || JSON.parse(args[6]).data !== data) {
    throw new Error('The append script takes other arguments than this benchmark knows.')
  }
  const [epoch, retention, command, published, batchNumber, remember] = args
  return { source, keys, start: [epoch, retention, command, published], published, batchNumber, remember }
}
