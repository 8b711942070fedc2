import { batched, entryWith } from '../by-hand.mjs'

/** What the log keeps of a channel unless told otherwise, and after how many more it deletes the others. */
const maxEvents = 10_000
const trimEvery = maxEvents / 16

/**
 * The same messages by hand: each names the one that it comes right behind, so many in one go as came while the last were on their way,
 * and the answer to the last speaks for all. What is not kept is deleted now and then.
 */
export async function chainsBatched(address, channel) {
  const feed = await openFeed(address, channel)
  return { ...feed, append: batched(feed.appendMany) }
}

/** For information: no check of what comes before, an answer for each, all of it kept. */
export async function publishOnly(address, channel) {
  const { jetstream } = await import('@nats-io/jetstream')
  const { connection, subject, stored } = await openStream(address, channel)
  const stream = jetstream(connection)
  return {
    append: (data) => stream.publish(subject, `0 0 0\n${entryWith(data).text}`),
    stored,
  }
}

async function openFeed(address, channel) {
  const { jetstream } = await import('@nats-io/jetstream')
  const { headers } = await import('@nats-io/transport-node')
  const { connection, manager, stream, subject, stored } = await openStream(address, channel)
  const writer = Math.random().toString(36).slice(2)
  let trimmedAt = 0
  let tip = { offset: 0, check: '0', bytes: 0, id: undefined }
  /** As `packages/log-nats/src/append` has it. */
  const next = (data) => {
    const { check, text } = entryWith(data)
    const id = `${writer}-${tip.offset}`
    const head = headers()
    head.set('Nats-Msg-Id', id)
    head.set('Nats-Expected-Stream', stream)
    head.set('Nats-Expected-Last-Sequence', String(tip.offset))
    if (tip.id !== undefined) head.set('Nats-Expected-Last-Msg-Id', tip.id)
    const body = `${tip.check} ${tip.bytes} 0\n${text}`
    tip = { offset: tip.offset + 1, check, bytes: tip.bytes + Buffer.byteLength(data), id }
    return [subject, body, { headers: head }]
  }
  const trim = (head) => {
    if (head - trimmedAt < trimEvery) return
    trimmedAt = head
    if (head > maxEvents) manager.streams.purge(stream, { seq: head - maxEvents + 1 })
  }
  return {
    async appendMany(data) {
      for (const one of data.slice(0, -1)) connection.publish(...next(one))
      const [to, body, options] = next(data.at(-1))
      const { offset } = tip
      const answer = (await connection.request(to, body, { ...options, timeout: 5_000 })).json()
      trim(offset)
      if (answer.seq !== offset) throw new Error(`stored at ${JSON.stringify(answer)}, not at ${offset}`)
    },
    /** A consumer that is ordered and not acknowledged. */
    async listen(onData) {
      const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: 'new' })
      await consumer.consume({
        callback(message) {
          const body = message.string()
          onData(JSON.parse(body.slice(body.indexOf('\n') + 1)).data)
        },
      })
    },
    stored,
  }
}

/** The channel's stream is the log's own. */
async function openStream(address, channel) {
  const { connect } = await import('@nats-io/transport-node')
  const { jetstreamManager } = await import('@nats-io/jetstream')
  const { createNatsLog } = await import('@rivulet/log-nats')
  const connection = await connect(address)
  const log = createNatsLog({ connection })
  const stored = async () => (await log.read(channel, { after: 'head', limit: 0 })).head
  await stored()
  const manager = await jetstreamManager(connection)
  const name = new RegExp(`^rivulet\\.${channel.replace(/[^A-Za-z0-9]+/g, '_').slice(0, 32)}-[0-9a-f]+$`)
  for await (const { config } of manager.streams.list()) {
    const subject = config.subjects.find((one) => name.test(one))
    if (subject !== undefined) return { connection, manager, stream: config.name, subject, stored }
  }
  throw new Error(`The log has made no stream for channel ${channel}.`)
}
