import assert from 'node:assert/strict'
import type { EventStream } from '@rivulet/core'
import { type Case, holding } from '../trial.ts'

const writerCount = 5
const eventCount = 200

/** Several who write to one stream. */
export const concurrencyCases: readonly Case[] = [
  {
    name: 'S23: blocks of several writers and heartbeats never interleave, each writer in its order',
    async run(trial) {
      const { client, stream } = await trial.open({ heartbeatMs: 1 })
      const writers = Array.from({ length: writerCount }, (_, writer) => write(stream, writer))
      const pipes = Array.from({ length: writerCount }, (_, writer) =>
        stream.pipe(numbers(), (n) => eventOf(writerCount + writer, n)),
      )
      await Promise.all([...writers, ...pipes])
      const events = await client.received(2 * writerCount * eventCount)
      for (let writer = 0; writer < 2 * writerCount; writer += 1) {
        const own = events.filter(({ event }) => event === `writer-${writer}`)
        assert.deepEqual(
          own.map(({ data }) => data),
          Array.from({ length: eventCount }, (_, n) => eventOf(writer, n).data),
        )
      }
    },
  },
  {
    name: 'S23: what is sent to many streams in one turn arrives whole at each',
    async run(trial) {
      const { route, streams } = holding()
      const server = await trial.start({ '/': route })
      const clients = Array.from({ length: 30 }, () => server.request('/'))
      const opened: EventStream[] = []
      for (const _ of clients) opened.push(await streams.take())
      for (let n = 0; n < 50; n += 1) for (const stream of opened) stream.send({ id: n, data: `line\n${n}` })
      for (const client of clients) {
        const events = await client.received(50)
        assert.deepEqual(
          events.map(({ id, data }) => [id, data]),
          Array.from({ length: 50 }, (_, n) => [String(n), `line\n${n}`]),
        )
      }
    },
  },
  {
    name: 'S23: large and small blocks keep their order',
    async run(trial) {
      const { client, stream } = await trial.open({ maxBufferedBytes: 2 ** 28 })
      const sizes = Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 300_000 : n))
      for (const size of sizes) stream.send({ data: '€'.repeat(size) })
      const events = await client.received(sizes.length)
      assert.deepEqual(
        events.map(({ data }) => data.length),
        sizes,
      )
    },
  },
]

async function write(stream: EventStream, writer: number): Promise<void> {
  for (let n = 0; n < eventCount; n += 1) {
    if (!stream.send(eventOf(writer, n))) await stream.drained()
    if (n % 7 === writer) await new Promise(setImmediate)
  }
}

async function* numbers(): AsyncGenerator<number> {
  for (let n = 0; n < eventCount; n += 1) {
    if (n % 11 === 0) await new Promise(setImmediate)
    yield n
  }
}

function eventOf(writer: number, n: number): { event: string; data: string } {
  return { event: `writer-${writer}`, data: Array.from({ length: n % 4 }, () => `${writer}/${n}`).join('\n') }
}
