import { needs } from '../support/needs.ts'
import { buildPackages, type GuideProgram } from './harness/guide-program.ts'
import type { Visit } from './harness/patient-client.ts'
import { Site } from './harness/site.ts'

const inCI = process.env.CI === 'true'
const clientCount = 300
const rounds = Number(process.env.ROLLING_ROUNDS ?? (inCI ? 10 : 1))
/** Several windows of a second. */
const graceMs = 6_000
/**
 * Reconnects of a second vary by chance: with fewer hang-ups than this, twice the average would be seen by chance, too. What
 * makes the spread (one hang-up after the other, a return time for each) is the same for any number.
 */
const enoughToJudge = 150
/** For a stalled machine, where a time can't be avoided. */
const marginMs = 5_000

const redis = needs('redis-server')
const haproxy = needs('haproxy')
const needed = redis.isAvailable ? haproxy : redis

beforeAll(buildPackages, 120_000)

let site: Site | undefined

afterEach(async () => {
  await site?.close()
  site = undefined
}, 30_000)

function openSite(): Promise<Site> {
  return Site.open({ redisPath: redis.path, haproxyPath: haproxy.path, clientCount, graceMs })
}

needed.test(
  `${rounds} rolling restarts of two nodes behind HAProxy, ${clientCount} clients: exact for each, nobody stuck, no herd`,
  async () => {
    site = await openSite()
    await site.isWhole()
    let judgedCount = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const node of site.nodes) if (await restart(site, node)) judgedCount += 1
    }
    expect(judgedCount).toBeGreaterThan(0)
    await site.finish()
    for (const { visits } of site.clients) expect(visits.length).toBeGreaterThan(rounds)
  },
  rounds * 60_000 + 60_000,
)

/** @returns whether there were enough reconnects to judge how they were spread. */
async function restart(site: Site, node: GuideProgram): Promise<boolean> {
  const since = performance.now()
  expect(await node.end('SIGTERM')).toMatchObject({ code: 0, signal: null })
  await node.start()
  await site.isWhole()
  const returns = returnsOf(site, since)
  if (returns.length < enoughToJudge) return false
  const perSecond = new Map<number, number>()
  for (const at of returns) {
    const second = Math.floor((at - since) / 1_000)
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
  }
  if (process.env.ROLLING_ROUNDS !== undefined) console.log(returns.length, ...perSecond)
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual((2 * returns.length) / (graceMs / 1_000))
  return true
}

needed.test(
  `kill -9 of one of two nodes: each of its clients is on the other at its first attempt, after its retry time`,
  async () => {
    site = await openSite()
    await site.isWhole()
    const since = performance.now()
    await site.nodes[0].end('SIGKILL')
    await site.allOpen()
    await site.finish()
    const cut = visitsOf(site).filter(({ endedAt }) => endedAt !== null && endedAt >= since)
    expect(cut.length).toBeGreaterThan(clientCount / 4)
    expect(cut.length).toBeLessThan(clientCount)
    for (const { visits } of site.clients) {
      const place = visits.findIndex(({ endedAt }) => endedAt !== null)
      if (place === -1) continue
      // The first attempt was the last.
      expect(visits.length).toBe(place + 2)
      const [before, after] = visits.slice(place)
      expect(before?.retryMs).toBeGreaterThanOrEqual(2_400)
      expect(before?.retryMs).toBeLessThanOrEqual(3_600)
      expect((after?.openedAt ?? 0) - (before?.endedAt ?? 0)).toBeLessThan((before?.retryMs ?? 0) + marginMs)
    }
  },
  120_000,
)

/** When clients came back: at the time that they were told. That all were a little late together is this process's doing. */
function returnsOf({ clients }: Site, since: number): number[] {
  return clients.flatMap(({ visits }) =>
    visits.flatMap(({ endedAt, retryMs }, index) => {
      const next = visits[index + 1]
      return next !== undefined && next.triedAt >= since && endedAt !== null ? [endedAt + retryMs] : []
    }),
  )
}

function visitsOf({ clients }: Site): Visit[] {
  return clients.flatMap(({ visits }) => visits)
}
