import { once } from 'node:events'
import { connect as connectH2 } from 'node:http2'
import type { Readable } from 'node:stream'
import { request, startServer, until } from './harness/server-process.ts'
import { totalBytes } from './harness/total-bytes.ts'

// Hundreds of megabytes pass through one machine.
jest.setTimeout(120_000)

const megabyte = 1024 * 1024

/** Resolves when a value that is asked for does not change any more. */
async function settled(ask: () => Promise<number>): Promise<number> {
  let before = -1
  let unchanged = 0
  return until(ask, (now) => {
    unchanged = now === before ? unchanged + 1 : 0
    before = now
    return unchanged === 50
  })
}

async function countBytes(source: Readable, bytes: number): Promise<void> {
  let count = 0
  for await (const part of source) {
    count += part.length
    if (count >= bytes) return
  }
  throw new Error(`only ${count} of ${bytes} bytes came`)
}

describe('a client that reads nothing while a handler sends 100 MB through pipe', () => {
  test.each(['HTTP/1.1', 'HTTP/2'])(
    '%s: costs less than 20 MB, and gets everything when it reads',
    async (protocol) => {
      const isHttp2 = protocol === 'HTTP/2'
      const server = await startServer(...(isHttp2 ? ['--http2'] : []))
      const before = await server.memory()
      const session = isHttp2 ? connectH2(`http://127.0.0.1:${server.port}`) : null
      const client = session?.request({ ':path': '/pipe' }) ?? request(server.port, '/pipe').pause()
      const sent = await settled(async () => (await server.progress()).sentBytes)
      expect(sent).toBeGreaterThan(0)
      expect(sent).toBeLessThan(totalBytes)
      expect((await server.memory()) - before).toBeLessThan(20 * megabyte)
      await countBytes(client, totalBytes)
      expect((await server.progress()).sentBytes).toBeGreaterThanOrEqual(totalBytes)
      expect((await server.memory()) - before).toBeLessThan(20 * megabyte)
      client.destroy()
      session?.destroy()
    },
  )
})

test('S33: a handler that sends without waiting is stopped at maxBufferedBytes, and others notice nothing', async () => {
  const server = await startServer()
  const before = await server.memory()
  const other = request(server.port, '/channel')
  await once(other, 'data')
  let received = ''
  other.on('data', (part) => {
    received += part.toString('latin1')
  })
  const client = request(server.port, '/flood').pause()
  const { sentBytes, maxBufferedBytes } = await until(server.progress, ({ closed }) => closed === 'slow')
  expect(sentBytes).toBeLessThan(totalBytes / 10)
  expect(maxBufferedBytes).toBeLessThanOrEqual(megabyte)
  client.resume()
  if (!client.closed) await once(client, 'close')
  // The other one goes on, and has every event.
  const offsets = () =>
    [...received.matchAll(/^id: [\w.]+-([0-9a-z]+)-\w+$/gm)].map(([, offset = '']) =>
      Number.parseInt(offset, 36),
    )
  const start = offsets().length
  while (offsets().length < start + 20) await once(other, 'data')
  const all = offsets()
  expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index))
  expect((await server.left()).streams).toBe(1)
  expect((await server.memory()) - before).toBeLessThan(20 * megabyte)
  other.destroy()
})
