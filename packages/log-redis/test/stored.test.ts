import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { openers } from './clients.ts'
import { Storage } from './storage.ts'

const redis = needs('redis-server')

for (const [name, open] of openers) {
  redis.describe(`what is stored over ${name}`, () => {
    let storage: Storage
    beforeEach(() => {
      storage = new Storage(open)
    })
    afterEach(() => storage.close())

    test('is as old as the server says, whatever the clock of its publisher', async () => {
      const log = await storage.log()
      await log.configure('news', { retention: { maxAgeMs: 60_000 } })
      const hourMs = 60 * 60_000
      const slow = entry('slow clock', { at: Date.now() - hourMs })
      await log.append('news', slow)
      const { first, entries } = await log.read('news', { after: 'start', limit: 10 })
      expect(first).toBe(1)
      expect(entries).toEqual([{ ...slow, offset: 1 }])

      await log.configure('news', { retention: { maxAgeMs: 300 } })
      await log.append('news', entry('fast clock', { at: Date.now() + hourMs }))
      await new Promise((resolve) => setTimeout(resolve, 400))
      expect(await log.read('news', { after: 'start', limit: 10 })).toMatchObject({ first: 3, head: 2 })
    })

    test('is apart where idempotency keys differ in a lone surrogate alone', async () => {
      const log = await storage.log()
      const keys = ['key \ud800', 'key \ud801', 'key \ufffd', 'key \\ud800', 'key "', 'key \\"']
      const append = (idempotencyKey: string) => log.append('news', entry(), { idempotencyKey })
      for (const [index, key] of keys.entries()) {
        expect(await append(key)).toMatchObject({ offset: index + 1 })
      }
      for (const [index, key] of keys.entries()) {
        expect(await append(key)).toMatchObject({ offset: index + 1 })
      }
    })
  })
}
