import { type CollectedEvent, collect } from '@rivulet/testing'
import { buildPackages, RunningProgram } from '../../../test/support/readme-program.ts'
import { Storage } from './support/storage.ts'

const timeoutMs = 15_000
const storage = new Storage()
const programs: RunningProgram[] = []

beforeAll(buildPackages, 300_000)
afterAll(async () => {
  for (const program of programs) await program.stop()
  await storage.close()
})

/** One process that runs the README's program. */
async function run(): Promise<string> {
  const program = await RunningProgram.start('packages/log-sqlite/README.md', { EVENTS_FILE: storage.file })
  programs.push(program)
  return program.url
}

test("two processes that run the README's program serve what either publishes, in one order, and resume each other's clients", async () => {
  const urls = [await run(), await run()]
  const [one = '', other = ''] = urls
  const both = await Promise.all(urls.map((url) => collect(url, '/', { until: hasBoth(), timeoutMs })))
  for (const { status, events } of both) {
    expect(status).toBe(200)
    expect(events[0]?.event).toBe('$ready')
  }

  const seen = both[0]
  const lastEventId = seen?.events[1]?.id ?? ''
  const resumed = await collect(other, '/', { lastEventId, count: 3, timeoutMs })
  expect(resumed.events[0]?.json()).toMatchObject({ resumed: true })
  const again = await collect(one, '/', { lastEventId, count: 3, timeoutMs })
  expect(ticks(again.events)).toEqual(ticks(resumed.events))
  const known = ticks(seen?.events.slice(2) ?? []).slice(0, 3)
  expect(ticks(resumed.events).slice(0, known.length)).toEqual(known)
}, 60_000)

/** True once events of two processes have come. */
function hasBoth(): (event: CollectedEvent) => boolean {
  const pids = new Set<unknown>()
  return (event) => {
    if (event.event === 'tick') pids.add((event.json() as { pid: number }).pid) // as the program publishes it
    return pids.size === 2
  }
}

function ticks(events: readonly CollectedEvent[]): string[] {
  return events.filter(({ event }) => event === 'tick').map(({ id, data }) => `${id} ${data}`)
}
