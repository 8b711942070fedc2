import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

postgres.describe('a channel whose row stays locked', () => {
  let storage: Storage

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  /** Locks all channels, as a transaction does that waits in its commit, or was prepared and forgotten. */
  async function lock(): Promise<() => Promise<void>> {
    const client = await storage.admin.connect()
    await client.query(`BEGIN; SELECT FROM ${storage.schema}.channels FOR UPDATE`)
    return async () => {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  test('leaves no server processes behind that wait for calls given up long ago', async () => {
    const log = storage.log({ answerMs: 200 })
    await log.append('news', entry('before'))
    const unlock = await lock()
    const calls = [
      () => log.append('news', entry('given up')),
      () => log.configure('news', { retention: {} }),
      () => log.delete('news'),
    ]
    for (const call of [...calls, ...calls]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
    }
    expect(await storage.waitingCount()).toBeGreaterThan(1)
    const givenUpAt = performance.now()
    while ((await storage.waitingCount()) > 0 && performance.now() - givenUpAt < 8_000) await settle()
    const left = await storage.waitingCount()
    await unlock()
    expect(left).toBe(0)
    const { entries } = await log.read('news', { after: 'start', limit: 10 })
    expect(entries.map(({ data }) => data)).toEqual(['before'])
  }, 15_000)

  test('is told apart from a silent server, and costs no connection', async () => {
    const pool = storage.pool()
    const log = storage.log({ pool })
    await log.append('news', entry('before'))
    const connections = await storage.connections()
    const unlock = await lock()
    await expect(log.append('news', entry('refused'))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNREACHABLE',
      message: expect.stringContaining('Another transaction holds a lock'),
      cause: { code: '55P03' },
    })
    expect(await storage.connections()).toEqual(connections)
    await unlock()
    expect(await log.append('news', entry('after'))).toMatchObject({ offset: 2 })
  }, 15_000)

  test('is waited for as long as asked', async () => {
    const log = storage.log({ answerMs: 20_000 })
    await log.append('news', entry('before'))
    const unlock = await lock()
    const waiting = log.append('news', entry('patient'))
    // Longer than a single statement waits.
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    await unlock()
    expect(await waiting).toMatchObject({ offset: 2 })
  }, 15_000)

  test('makes no commit of a user fail', async () => {
    const log = storage.log()
    await log.append('news', entry('before'))
    const unlock = await lock()
    const client = await storage.pool().connect()
    await client.query('BEGIN')
    await log.publishIn(client, 'news', { data: 'in a transaction' })
    const committed = client.query('COMMIT')
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    await unlock()
    await committed
    client.release()
    expect(await log.read('news', { after: 'head', limit: 0 })).toMatchObject({ head: 2 })
  }, 15_000)
})

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}
