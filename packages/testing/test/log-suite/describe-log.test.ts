import { createMemoryLog } from '@rivulet/core'
import { describeLog, type LogHarness } from '@rivulet/testing'
import { type Defect, Engine } from './engine.ts'

function harnessOf(defect: Defect | null = null): LogHarness {
  const engine = new Engine(defect)
  return {
    open: () => engine.open(),
    interrupt: () => engine.interrupt(),
    rollBack: (channel, offset) => engine.rollBack(channel, offset),
  }
}

/** Runs the whole suite as a runner would, and gives the names of the tests that failed. */
async function failuresOf(createHarness: () => LogHarness, options = {}) {
  const tests: (readonly [name: string, run: () => Promise<void>])[] = []
  const path: string[] = []
  describeLog('a log', createHarness, {
    patienceMs: 1_000,
    describe(name, body) {
      path.push(name)
      body()
      path.pop()
    },
    test: (name, run) => tests.push([[...path.slice(1), name].join(': '), run]),
    ...options,
  })
  const failed = await Promise.all(
    tests.map(([name, run]) =>
      run().then(
        () => null,
        () => name,
      ),
    ),
  )
  return failed.filter((name) => name !== null)
}

describeLog('a log with several clients', () => harnessOf(), { describe, test })

/** Each broken log, and the tests that have to see it; others may fail with it. */
const broken: Record<Defect, readonly string[]> = {
  'loses an entry under concurrency': [
    'append: stores the appends of several instances at once, each once and in its own order',
  ],
  'repeats after a reconnect': [
    'tail: continues behind the last entry delivered after its connection broke, without repeating one',
  ],
  'never says that it follows again': [
    'tail: says that it follows again after an interruption, if it has told of one, though nothing is appended',
  ],
  'has a hole': ['append: stores the appends of one instance in the order of the calls, awaited or not'],
  'forgets its epoch': ['delete: begins another history, with another epoch and offsets from 1'],
  'refills after a rollback, and does not honour checks': [
    'loss: knows positions behind a rollback as unknown, also once their offsets are used again',
  ],
}

describe('a broken log fails', () => {
  test.each(Object.entries(broken))('that %s', async (defect, seenBy) => {
    const failed = await failuresOf(() => harnessOf(defect as Defect)) // the keys of `broken`
    expect(failed).toEqual(expect.arrayContaining([...seenBy]))
    const isNarrow = defect === 'has a hole' || failed.length <= 6
    expect({ failed, isNarrow }).toMatchObject({ isNarrow: true })
  })

  test('while a right one passes in the same way', async () => {
    // It does all that it is waited for, soon.
    expect(await failuresOf(() => harnessOf(), { patienceMs: 10_000 })).toEqual([])
  })
})

describe('what a harness has not', () => {
  const memory = () => ({ open: () => createMemoryLog() })

  test('fails where nobody said so', async () => {
    const failed = await failuresOf(memory, { lacks: { share: 'one process' } })
    expect(failed).toContain(
      'loss: resets a tail that was behind a rollback, and brings all that there is then',
    )
    expect(failed).toContain('tail: reads again after its connection broke')
  })

  test('is said in the results where it was declared', () => {
    const names: string[] = []
    describeLog('memory', memory, {
      describe: (_name, body) => body(),
      test: (name) => names.push(name),
      lacks: { share: 'one process', interrupt: 'no connection', rollBack: 'no disk' },
    })
    expect(names).toContain(
      'is not proven without share (one process), interrupt (no connection), rollBack (no disk)',
    )
    expect(names).not.toContain('reads again after its connection broke')
  })
})

test('asks for a runner where there is none', () => {
  const describeBefore = Reflect.get(globalThis, 'describe')
  try {
    Reflect.set(globalThis, 'describe', undefined)
    expect(() => describeLog('a log', () => harnessOf())).toThrow('pass those of your test runner')
  } finally {
    Reflect.set(globalThis, 'describe', describeBefore)
  }
})
