import type { Position } from '@rivulet/core'
import { entry, Listener } from '../../../test/support/log-listener.ts'
import { openers } from './clients.ts'
import { servers } from './servers.ts'
import { StreamBench } from './stream-bench.ts'
import { until } from './until.ts'

const start = { epoch: 'none', offset: 0, check: '0' }

/** Servers say no in words of their own. */
for (const [product, program] of servers) {
  for (const [name, open] of openers) {
    program.describe(`what a ${product} server refuses, over ${name},`, () => {
      let bench: StreamBench
      beforeEach(() => {
        bench = new StreamBench(program.path, open)
      })
      afterEach(() => bench.dispose())

      test('a wrong password is refused, to writers and those who follow', async () => {
        const server = await bench.engine('--requirepass', 'right')
        const log = await bench.log(server.port, 'wrong')
        const failure = { code: 'ERR_SSE_LOG_ACCESS', cause: expect.anything() }
        await expect(log.append('news', entry())).rejects.toMatchObject(failure)
        const listener = new Listener(log, 'news', start)
        await listener.until(({ errors }) => errors.length > 0)
        expect(listener.errors[0]).toMatchObject(failure)
        await listener.stop()
      })

      test('a replica is read-only', async () => {
        const primary = await bench.engine()
        const replica = await bench.engine('--replicaof', '127.0.0.1', String(primary.port))
        const log = await bench.log(replica.port)
        await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_READ_ONLY' })
      })

      test('a full memory refuses an append whole, and serves readers on', async () => {
        const server = await bench.engine('--maxmemory-policy', 'noeviction')
        const log = await bench.log(server.port)
        const position = await log.append('news', entry())
        const admin = bench.admin(server.port)
        await admin.config('SET', 'maxmemory', '1')
        await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FULL' })
        const result = await log.read('news', { after: position, limit: 10 })
        expect(result).toMatchObject({ head: 1, entries: [] })
        expect(result).not.toHaveProperty('invalid')
        await admin.config('SET', 'maxmemory', '0')
        expect(await log.append('news', entry())).toMatchObject({ offset: 2 })
      })

      test('a key that holds something else is foreign', async () => {
        const server = await bench.engine()
        const log = await bench.log(server.port)
        const admin = bench.admin(server.port)
        await admin.set('rivulet:{news}:stream', 'mine')
        await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FOREIGN_KEY' })
        expect(await admin.get('rivulet:{news}:stream')).toBe('mine')
      })

      test('a server that lacks a command is too old', async () => {
        const server = await bench.engine('--rename-command', 'XADD', '')
        const log = await bench.log(server.port)
        await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_VERSION' })
      })

      test('an entry larger than the server takes is refused, and the next one is stored', async () => {
        const server = await bench.engine('--proto-max-bulk-len', '1mb')
        const log = await bench.log(server.port)
        const large = log.append('news', entry('x'.repeat(2 * 1024 * 1024)))
        // The server says so and hangs up at once: while the rest of the entry is still on its way, the reset may get here before
        // the answer has been read.
        await expect(large).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_SSE_LOG_(TOO_LARGE|UNREACHABLE)$/),
        })
        // A client that sends the large one again by itself, since nothing was answered, is hung up on again.
        const next = entry()
        let position: Position | undefined
        await until(async () => {
          position = await log.append('news', next, { idempotencyKey: 'next' }).catch(() => undefined)
          return position !== undefined
        })
        expect(position).toMatchObject({ offset: 1 })
      })
    })
  }
}
