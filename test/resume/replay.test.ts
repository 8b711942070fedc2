import { type Channel, createChannel, createMemoryLog, createSse, type EventLog } from '@rivulet/core'
import { createHistory } from '@rivulet/testing'
import { ControlledClient, createControlledServer } from './harness/controlled-socket.ts'
import { settle } from './harness/world.ts'

const fakes = { doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] } as const

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: [...fakes.doNotFake] })
})

afterEach(() => {
  jest.useRealTimers()
})

/** A log whose reads take a while: half of it before the state is looked at, half behind. */
function slowLog(delayMs: number) {
  const log = createMemoryLog()
  const wait = () =>
    delayMs === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, delayMs / 2))
  const counts = { reads: 0, entries: 0 }
  const slow: EventLog = {
    append: (...args) => log.append(...args),
    async read(...args) {
      counts.reads += 1
      await wait()
      const result = await log.read(...args)
      counts.entries += result.entries.length
      await wait()
      return result
    },
    tail: (...args) => log.tail(...args),
    configure: (...args) => log.configure(...args),
    delete: (...args) => log.delete(...args),
    close: () => log.close(),
  }
  return { log: slow, counts }
}

/** Lets time go by until something holds. */
async function pass(holds: () => boolean, each: () => void = () => {}): Promise<void> {
  for (let step = 0; step < 2_000 && !holds(); step += 1) {
    await settle(2)
    jest.advanceTimersByTime(10)
    each()
  }
  expect(holds()).toBe(true)
}

function serve(channel: Channel, topics?: readonly string[]) {
  const sse = createSse({ heartbeatMs: 1_000 })
  const server = createControlledServer((request, response) => {
    sse.open(request, response).subscribe(channel, topics === undefined ? {} : { topics })
  })
  return { sse, server }
}

describe.each([0, 5, 200])('with a log whose reads take %d ms', (delayMs) => {
  test('events published during a replay are delivered once and in order', async () => {
    const { log } = slowLog(delayMs)
    const history = createHistory()
    const channel = createChannel('replayed', { log })
    const { server, sse } = serve(channel)
    const client = history.client()
    const first = client.connect().subscribe('replayed')
    const before = new ControlledClient(server, '/', null, (bytes) => first.push(bytes))
    await pass(() => client.lastEventId !== null)
    before.cut(0)
    let count = 0
    const publish = () => {
      count += 1
      return history.publish(channel, { data: { n: count } })
    }
    // More than the ring and several pages, all behind the client.
    for (let index = 0; index < 1_500; index += 1) await publish()
    // One that stays keeps the tail and a ring that is full.
    const other = history.client().connect(null).subscribe('replayed')
    const stays = new ControlledClient(server, '/', null, (bytes) => other.push(bytes))
    await pass(() => other.steps.length > 1)
    for (let index = 0; index < 1_100; index += 1) await publish()
    const second = client.connect().subscribe('replayed')
    const reader = new ControlledClient(server, '/', second.lastEventId, (bytes) => second.push(bytes))
    let left = 300
    await pass(
      () => left <= 0 && second.steps.length >= count + 2,
      () => {
        if (left <= 0) return
        left -= 1
        void publish()
      },
    )
    history.assertExact()
    expect(second.problems).toEqual([])
    reader.cut(0)
    stays.cut(0)
    await sse.close()
  })
})

test('a quiet client beside a flood comes back without a gap, and without a re-read', async () => {
  const { log, counts } = slowLog(0)
  const history = createHistory()
  const maxEvents = 500
  history.keeps('flooded', maxEvents)
  const channel = createChannel('flooded', { log, retention: { maxEvents } })
  const { server, sse } = serve(channel, ['quiet'])
  const client = history.client()
  const first = client.connect().subscribe('flooded', { topics: ['quiet'] })
  const before = new ControlledClient(server, '/', null, (bytes) => first.push(bytes))
  await pass(() => client.lastEventId !== null)
  let count = 0
  const publish = (topic: string) => {
    count += 1
    return history.publish(channel, { data: { n: count }, topics: [topic] })
  }
  for (let index = 0; index < maxEvents * 10; index += 1) await publish('flood')
  const cursors = () =>
    first.steps.filter((step) => step.kind === 'block' && step.block.event === '$cursor').length
  await pass(() => cursors() > 0)
  before.cut(0)
  await settle(4)
  expect(channel.subscriberCount).toBe(0)
  for (let index = 0; index < 100; index += 1) await publish('flood')
  counts.entries = 0
  counts.reads = 0
  const second = client.connect().subscribe('flooded', { topics: ['quiet'] })
  const reader = new ControlledClient(server, '/', second.lastEventId, (bytes) => second.push(bytes))
  await pass(() => second.steps.length > 1)
  await publish('quiet')
  await pass(() => second.steps.length > 2)
  history.assertExact()
  const types = second.steps.flatMap((step) => (step.kind === 'block' ? [step.block.event] : []))
  expect(types).toEqual(['$ready', 'message'])
  expect(counts.entries).toBeLessThanOrEqual(128)
  expect(counts.reads).toBeLessThanOrEqual(2)
  reader.cut(0)
  await sse.close()
})
