import { type CollectedEvent, collect } from '@rivulet/testing'
import { needs } from '../../../test/support/needs.ts'
import { buildPackages, RunningProgram } from '../../../test/support/readme-program.ts'
import { OwnServer } from './support/own-server.ts'

const nats = needs('nats-server')
const readme = 'packages/log-nats/README.md'

nats.describe("two processes that run the README's program", () => {
  const programs: RunningProgram[] = []
  let engine: OwnServer

  beforeAll(async () => {
    buildPackages()
    engine = await OwnServer.start(nats.path)
    const env = { NATS_URL: `nats://127.0.0.1:${engine.port}` }
    programs.push(await RunningProgram.start(readme, env), await RunningProgram.start(readme, env))
  }, 300_000)

  afterAll(async () => {
    for (const program of programs) await program.stop()
    await engine.dispose()
  })

  test('serve what either publishes, in one order, and resume what the other has served', async () => {
    const [one = '', other = ''] = programs.map(({ url }) => url)
    const [seen] = await Promise.all(
      [one, other].map((url) => collect(url, '/', { until: hasBoth(), timeoutMs: 15_000 })),
    )
    const lastEventId = seen?.events[1]?.id ?? ''
    const [again, resumed] = await Promise.all(
      [one, other].map((url) => collect(url, '/', { lastEventId, count: 4, timeoutMs: 15_000 })),
    )
    expect(resumed?.events[0]?.json()).toMatchObject({ resumed: true })
    expect(ticks(again?.events)).toEqual(ticks(resumed?.events))
    const known = ticks(seen?.events.slice(2)).slice(0, 4)
    expect(known).not.toEqual([])
    expect(ticks(resumed?.events).slice(0, known.length)).toEqual(known)
  }, 60_000)
})

/** True once events of two processes have come, one more than once. */
function hasBoth(): (event: CollectedEvent) => boolean {
  const pids: number[] = []
  return (event) => {
    if (event.event === 'tick') pids.push((event.json() as { pid: number }).pid) // as the program publishes it
    return new Set(pids).size === 2 && pids.length > 2
  }
}

function ticks(events: readonly CollectedEvent[] = []): string[] {
  return events.filter(({ event }) => event === 'tick').map(({ id, data }) => `${id} ${data}`)
}
