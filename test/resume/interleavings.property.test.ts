import fc from 'fast-check'
import { settle, World } from './harness/world.ts'

/** More in CI: a law that holds 100 times may not hold the next 900. */
const runCount = Number(process.env.RESUME_RUNS ?? (process.env.CI === 'true' ? 1_200 : 150))
const seed = process.env.RESUME_SEED === undefined ? undefined : Number(process.env.RESUME_SEED)

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] })
})

afterEach(() => {
  jest.useRealTimers()
})

const topics = fc.subarray(['red', 'green', 'blue'])
const heard = fc.option(fc.subarray(['red', 'green', 'blue'], { minLength: 1 }), { nil: undefined })
const channelName = fc.constantFrom('a', 'b')
const client = fc.nat({ max: 2 })
const bytes = fc.oneof(fc.nat({ max: 120 }), fc.nat({ max: 20_000 }))

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      name: channelName,
      topics,
      padding: fc.constantFrom(0, 0, 0, 10, 3_000, 30_000),
      count: fc.constantFrom(1, 1, 2, 5, 12),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('connect' as const), client }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), client, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stall' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), client, bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('topics' as const), client, name: channelName, heard }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('late' as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      name: channelName,
      keep: fc.option(fc.nat({ max: 8 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      gates: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 }),
      fails: fc.constantFrom(false, false, false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prompt' as const), isPrompt: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 5, 200, 20_000) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const plan = fc.record({
  channels: fc.oneof(
    fc.tuple(fc.tuple(channelName, heard)),
    fc.tuple(fc.tuple(fc.constant('a'), heard), fc.tuple(fc.constant('b'), heard)),
  ),
  isLastLate: fc.boolean(),
  from: fc.constantFrom('live' as const, 'start' as const),
  hasSnapshot: fc.constantFrom(false, false, true),
  coalesces: fc.constantFrom(false, false, false, true),
  filters: fc.constantFrom(false, false, false, true),
})

test('every client gets every event of its topics once, in order, or is told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        log: fc.constantFrom('memory' as const, 'controlled' as const, 'controlled' as const),
        maxEvents: fc.constantFrom(3, 8, 40, 1_000),
        plans: fc.tuple(plan, plan, plan),
        stream: fc.constantFrom(undefined, undefined, {
          cursorSecret: 'a secret of the test that is long enough',
        }),
      }),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      async (options, steps) => {
        const world = new World(options)
        try {
          for (const each of steps) await take(world, each)
          await world.finish((ms) => jest.advanceTimersByTime(ms))
          for (const name of ['a', 'b']) world.publish(name, ['red', 'green', 'blue'])
          await world.finish((ms) => jest.advanceTimersByTime(ms))
          world.history.assertExact()
          expect(world.errors).toEqual([])
        } finally {
          await world.dispose()
        }
      },
    ),
    { numRuns: runCount, ...(seed === undefined ? {} : { seed }), verbose: 0 },
  )
}, 600_000)

async function take(world: World, one: Step): Promise<void> {
  switch (one.do) {
    case 'publish':
      for (let index = 0; index < one.count; index += 1) world.publish(one.name, one.topics, one.padding)
      return
    case 'connect':
      world.connect(one.client)
      return
    case 'cut':
      world.cut(one.client, one.bytes)
      return
    case 'stall':
      world.stall(one.client)
      return
    case 'read':
      world.read(one.client, one.bytes)
      return
    case 'resume':
      world.resume(one.client)
      return
    case 'topics':
      world.setTopics(one.client, one.name, one.heard)
      return
    case 'late':
      world.subscribeLate(one.client)
      return
    case 'lose':
      world.lose(one.name, one.keep)
      return
    case 'release':
      for (const gate of one.gates) {
        world.controlled?.release(gate, one.fails)
        await settle(1)
      }
      return
    case 'prompt':
      if (world.controlled === null) return
      if (one.isPrompt) world.controlled.heal()
      else world.controlled.isPrompt = false
      return
    case 'wait':
      jest.advanceTimersByTime(one.ms)
      await settle(2)
      return
    case 'settle':
      await settle()
  }
}
