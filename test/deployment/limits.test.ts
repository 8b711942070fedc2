import { connect, type Socket } from 'node:net'
import { startLimited } from './harness/limited.ts'
import { until } from './harness/until.ts'

jest.setTimeout(180_000)

const maxStreams = 1_000
const openCount = 10_000
/** Requests under way at the same time. */
const atOnce = 200
const megabyte = 1024 * 1024

/** A connection on which a stream was asked for, with what came. */
class Asking {
  text = ''
  isOver = false
  readonly socket: Socket

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1')
    })
    this.socket.on('end', () => this.socket.end())
    this.socket.on('close', () => {
      this.isOver = true
    })
    this.socket.write('GET / HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n')
  }

  /** The body is complete. */
  get isRefused(): boolean {
    return this.text.endsWith('\r\n0\r\n\r\n')
  }

  get isOpen(): boolean {
    return this.text.includes('retry: ') && !this.isRefused && !this.isOver
  }
}

/** Opens `count` streams and waits until each was answered. */
async function open(port: number, count: number): Promise<Asking[]> {
  const all: Asking[] = []
  while (all.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - all.length) }, () => new Asking(port))
    await until(() => some.every(({ text }) => text.includes('retry: ')), 'every answer', 60_000)
    all.push(...some)
  }
  return all
}

test(`${openCount} opens against ${maxStreams} streams: those go on, the others are told to come back, memory stays`, async () => {
  const server = await startLimited(maxStreams)
  const live = await open(server.port, maxStreams)
  expect(await server.ask('streams')).toBe(maxStreams)
  const flood = async () => {
    for (let left = openCount; left > 0; left -= 1_000) {
      const refused = await open(server.port, 1_000)
      await until(() => refused.every(({ isRefused }) => isRefused), 'every refusal to be complete')
      for (const { text, socket } of refused) {
        expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
        const [, retryMs] = /\r\nretry: (\d+)\n\n\r\n0\r\n\r\n$/.exec(text) ?? []
        expect(Number(retryMs)).toBeGreaterThanOrEqual(30_000)
        expect(Number(retryMs)).toBeLessThanOrEqual(90_000)
        socket.resetAndDestroy()
      }
    }
  }
  // Compiles, and fills what Node keeps.
  await flood()
  const before = await server.ask('memory')
  await flood()
  const after = await server.ask('memory')
  // A stream that is kept costs about 10 KB: a hundred of the 10,000 would show.
  expect(after - before).toBeLessThan(megabyte)
  expect(live.every(({ isOpen }) => isOpen)).toBe(true)
  expect(await server.ask('send')).toBe(maxStreams)
  await until(() => live.every(({ text }) => text.includes('data: undisturbed')), 'the event on every stream')
  // One leaves, one may come.
  live[0]?.socket.destroy()
  await until(async () => (await server.ask('streams')) === maxStreams - 1, 'a stream to close')
  const [next] = await open(server.port, 1)
  expect(next?.isOpen).toBe(true)
  expect(await server.ask('streams')).toBe(maxStreams)
  for (const { socket } of [...live, ...(next === undefined ? [] : [next])]) socket.destroy()
})
