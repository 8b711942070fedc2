import assert from 'node:assert/strict'
import { Bench, type LogCase } from './bench.ts'
import { appendCases } from './cases/append.ts'
import { closeCases } from './cases/close.ts'
import { deleteCases } from './cases/delete.ts'
import { endCases } from './cases/end.ts'
import { idempotencyCases } from './cases/idempotency.ts'
import { lossCases } from './cases/loss.ts'
import { readCases } from './cases/read.ts'
import { retentionCases } from './cases/retention.ts'
import { tailCases } from './cases/tail.ts'
import type { LogCapability, LogHarness, LogSuiteOptions } from './log-harness.ts'

const themes: readonly (readonly [name: string, cases: readonly LogCase[]])[] = [
  ['append', appendCases],
  ['idempotency keys', idempotencyCases],
  ['read', readCases],
  ['tail', tailCases],
  ['retention', retentionCases],
  ['end', endCases],
  ['delete', deleteCases],
  ['loss', lossCases],
  ['close', closeCases],
]

/**
 * Declares the tests that every `EventLog` has to pass: all that the contract promises, seen through the contract alone.
 *
 * Runs under any runner that has `describe` and `test`; assertions are those of `node:assert`.
 *
 * @param createHarness Makes a fresh, empty storage; called for each test.
 */
export function describeLog(
  name: string,
  createHarness: () => LogHarness | Promise<LogHarness>,
  options: LogSuiteOptions = {},
): void {
  const { describe, test } = runnerOf(options)
  const { lacks = {}, patienceMs = 4_000 } = options
  describe(name, () => {
    for (const [theme, cases] of themes) {
      describe(theme, () => {
        for (const one of cases) {
          const missing = one.needs?.find((capability) => lacks[capability] !== undefined)
          if (missing === undefined) test(one.name, () => runCase(one, createHarness, patienceMs))
        }
      })
    }
    const declared = Object.entries(lacks).map(([capability, why]) => `${capability} (${why})`)
    if (declared.length > 0) test(`is not proven without ${declared.join(', ')}`, async () => {})
  })
}

async function runCase(
  { run, needs = [] }: LogCase,
  createHarness: () => LogHarness | Promise<LogHarness>,
  patienceMs: number,
): Promise<void> {
  const harness = await createHarness()
  for (const capability of needs) assertHas(harness, capability)
  const bench = new Bench(harness, patienceMs)
  try {
    await bench.open()
    await run(bench)
  } catch (error) {
    // What the clean-up finds after a failure is mostly its consequence.
    await bench.finish().catch(() => {})
    throw error
  }
  await bench.finish()
}

function assertHas(harness: LogHarness, capability: LogCapability): void {
  const isThere = capability === 'share' || harness[capability] !== undefined
  assert.ok(
    isThere,
    `The harness has no ${capability}(): add it, or declare in "lacks" why there can be none.`,
  )
}

function runnerOf({ describe, test }: LogSuiteOptions): {
  describe: NonNullable<LogSuiteOptions['describe']>
  test: NonNullable<LogSuiteOptions['test']>
} {
  const foundDescribe: unknown = describe ?? Reflect.get(globalThis, 'describe')
  const foundTest: unknown = test ?? Reflect.get(globalThis, 'test') ?? Reflect.get(globalThis, 'it')
  if (typeof foundDescribe !== 'function' || typeof foundTest !== 'function') {
    throw new TypeError(
      'There are no global describe and test: pass those of your test runner to describeLog.',
    )
  }
  return {
    describe: (name, body) => foundDescribe(name, body),
    test: (name, body) => foundTest(name, body),
  }
}
