import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createChannel, createSse } from '../../../packages/core/src/index.ts'

/** What the parent can ask for. Each is answered with what keeps the process alive: `process.getActiveResourcesInfo()`. */
export type Question = 'resources' | 'close events' | 'close server'

// A server with everything that has timers: heartbeats, rotation, stalls, expiry, a channel.
const sse = createSse({ heartbeatMs: 100, maxAgeMs: 60_000, expiresAt: Date.now() + 60_000 })
const channel = createChannel('news')
const publishing = setInterval(() => void channel.publish({ data: 'news' }), 20)
const server = createServer((request, response) => {
  sse.open(request, response).subscribe(channel)
})

const deeds: Record<Question, () => unknown> = {
  resources: () => {},
  'close events': () => sse.close({ graceMs: 1_000 }),
  'close server': () => {
    clearInterval(publishing)
    server.close()
  },
}

async function answer(question: Question): Promise<void> {
  await deeds[question]()
  process.send?.(process.getActiveResourcesInfo())
  // From here on nothing of the test's keeps it alive either.
  if (question === 'close server') process.disconnect()
}

process.on('message', (question: Question) => {
  void answer(question)
})
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port) // a TCP server's
})
