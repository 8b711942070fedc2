import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSse } from '../../../packages/core/src/index.ts'

/** What the parent can ask for. */
export type Question = 'memory' | 'streams' | 'send'

// A server with a limit, in a process of its own, where nothing else has memory. Answers each question with a number.
const sse = createSse({ limits: { maxStreams: Number(process.argv[3]) }, heartbeatMs: false })
const server = createServer((request, response) => {
  sse.open(request, response)
})

/** Bytes in use once garbage is gone. */
async function memory(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const questions: Record<Question, () => number | Promise<number>> = {
  memory,
  streams: () => sse.streams.size,
  send() {
    for (const stream of sse.streams) stream.send({ data: 'undisturbed' })
    return sse.streams.size
  },
}

async function answer(question: Question): Promise<void> {
  process.send?.(await questions[question]())
}

process.on('message', (question: Question) => {
  void answer(question)
})
process.on('disconnect', () => process.exit())
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  process.send?.((server.address() as AddressInfo).port) // a TCP server's
})
