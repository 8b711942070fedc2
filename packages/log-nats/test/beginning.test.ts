import type { EventLog } from '@rivulet/core'
import { entry } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage } from './support/storage.ts'

const running: OwnServer[] = []
let storage: Storage

afterEach(async () => {
  await storage?.close()
  for (const server of running.splice(0)) await server.dispose()
})

for (const [name, nats] of servers) {
  nats.describe(`processes that begin a channel on ${name}`, () => {
    beforeEach(async () => {
      running.push(await OwnServer.start(nats.path))
      storage = await Storage.open(running.map(({ port }) => port))
    })

    test('at the same moment make one history', async () => {
      const logs = await Promise.all(Array.from({ length: 6 }, () => storage.log()))
      for (let round = 0; round < 20; round += 1) await begin(`round ${round}`, logs)
    })

    test('are held up for a moment by one that was killed in the midst of it', async () => {
      const log = await storage.log()
      const claim = await claimOf('news', log)
      await storage.api.streams.add(claim)
      await begin('news', [log, await storage.log()])
      expect(await storage.stream('news')).not.toBe(claim.name)
    })

    test("leave others' streams alone that are in the way", async () => {
      const log = await storage.log()
      const claim = await claimOf('news', log)
      await storage.api.streams.add({ ...claim, name: 'others' })
      await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FOREIGN_KEY' })
      expect(await storage.api.streams.find(claim.subjects[0] ?? '')).toBe('others')
    })
  })
}

const newer = needs('nats-server@2.10')

newer.test(
  'processes that begin a channel at the same moment make one history in a cluster',
  async () => {
    running.push(...(await OwnServer.startCluster(newer.path, 3)))
    storage = await Storage.open(running.map(({ port }) => port))
    // A server of a cluster may leave one of them without an answer, which is then asked for again.
    const logs = await Promise.all(Array.from({ length: 6 }, () => storage.log({ answerMs: 10_000 })))
    for (let round = 0; round < 20; round += 1) await begin(`round ${round}`, logs)
  },
  60_000,
)

async function begin(channel: string, logs: readonly EventLog[]): Promise<void> {
  const positions = await Promise.all(logs.map((log) => log.append(channel, entry())))
  expect(new Set(positions.map(({ epoch }) => epoch)).size).toBe(1)
  expect(positions.map(({ offset }) => offset).sort()).toEqual(logs.map((_each, index) => index + 1))
  expect(await storage.streams(channel)).toHaveLength(1)
}

/** The stream of a channel as it is before it has the channel's subject. */
async function claimOf(channel: string, log: EventLog) {
  await log.append(channel, entry())
  const { config } = await storage.api.streams.info(await storage.stream(channel))
  await log.delete(channel)
  return { ...config, subjects: [`${config.subjects[0]}-claim`] }
}
