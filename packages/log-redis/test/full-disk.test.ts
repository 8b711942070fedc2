import type { EventLog } from '@rivulet/core'
import type { Redis } from 'ioredis'
import { entry, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { openers } from './clients.ts'
import { OwnServer } from './own-server.ts'
import { canMount, SmallDisk } from './small-disk.ts'
import { Storage } from './storage.ts'
import { until } from './until.ts'

const redis = needs('redis-server')
const withMount: typeof redis.test = canMount()
  ? redis.test
  : (name) => test.skip(`${name} [mounting a tmpfs is not permitted here]`, () => {})

/** Ways to the disk, with what makes the server go it. */
const ways: readonly (readonly [what: string, settings: readonly string[], save: typeof snapshot])[] = [
  ['the append-only file', ['--appendonly', 'yes', '--appendfsync', 'everysec'], async () => {}],
  ['snapshots', ['--save', '3600 1', '--rdbcompression', 'no'], snapshot],
]

for (const [name, open] of openers) {
  for (const [what, settings, save] of ways) {
    withMount(
      `a disk too full for ${what} refuses appends, and loses none, over ${name}`,
      async () => {
        const disk = new SmallDisk(4)
        const server = await OwnServer.start(redis.path, '--dir', disk.folder, ...settings)
        const storage = new Storage(open, server.port)
        try {
          const log = await storage.log()
          await log.configure('news', { retention: { maxBytes: 64 * 1024 * 1024 } })
          const listener = await listen(log, 'news')
          const stored = ['first']
          const append = async () => {
            const name = `entry ${stored.length}`
            await save(storage.admin)
            await log.append('news', entry(name.padEnd(100_000)))
            stored.push(name)
          }
          await expect(forever(append)).rejects.toMatchObject({
            code: 'ERR_SSE_LOG_FULL',
            cause: expect.anything(),
          })
          // Reading goes on, and so do those who follow.
          await listener.until(({ entries }) => entries.length >= stored.length)
          expect(await read(log)).toEqual(stored)

          disk.grow(64)
          // The server tries again by itself, in its own time.
          await until(() => succeeds(append))
          await listener.until(({ entries }) => entries.length >= stored.length)
          expect(listener.data.map((data) => data.trim())).toEqual(stored)
          expect(listener.resets).toEqual([])
          await save(storage.admin)
          await written(storage.admin)
          await server.kill()
          await server.start()
          await until(() => succeeds(() => read(log)))
          expect(await read(log)).toEqual(stored)
          await listener.stop()
        } finally {
          await storage.close()
          await server.dispose()
          disk.dispose()
        }
      },
      30_000,
    )
  }
}

async function snapshot(admin: Redis): Promise<void> {
  await admin.bgsave()
  await until(async () => (await admin.info('persistence')).includes('rdb_bgsave_in_progress:0'))
}

/** With `everysec` a server that waits for the disk may keep what it has acknowledged to itself for a while. */
async function written(admin: Redis): Promise<void> {
  await until(async () => !/aof_buffer_length:[1-9]/.test(await admin.info('persistence')))
}

/** Until it throws. */
async function forever(work: () => Promise<void>): Promise<never> {
  for (;;) await work()
}

function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  return work().then(
    () => true,
    () => false,
  )
}

async function read(log: EventLog): Promise<string[]> {
  const { entries } = await log.read('news', { after: 'start', limit: 1_000 })
  return entries.map(({ data }) => data.trim())
}
