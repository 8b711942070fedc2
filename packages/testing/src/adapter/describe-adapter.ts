import type { AdapterHarness } from './adapter-harness.ts'
import { backpressureCases } from './cases/backpressure.ts'
import { closingCases } from './cases/closing.ts'
import { concurrencyCases } from './cases/concurrency.ts'
import { diagnosticsCases } from './cases/diagnostics.ts'
import { drainCases } from './cases/drain.ts'
import { errorCases } from './cases/errors.ts'
import { headCases } from './cases/head.ts'
import { http1Cases } from './cases/http1.ts'
import { http2Cases } from './cases/http2.ts'
import { lastEventIdCases } from './cases/last-event-id.ts'
import { leavingCases } from './cases/leaving.ts'
import { limitCases } from './cases/limits.ts'
import { misuseCases } from './cases/misuse.ts'
import { negotiationCases } from './cases/negotiation.ts'
import { pipeCases } from './cases/pipe.ts'
import { requestCases } from './cases/requests.ts'
import { timingCases } from './cases/timing.ts'
import { type Case, runCase } from './trial.ts'

/** Where tests are declared: the functions of Jest, Vitest, `node:test` or anything like them. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  test(name: string, body: () => Promise<void>): unknown
}

const themes: readonly (readonly [name: string, cases: readonly Case[]])[] = [
  ['head', headCases],
  ['negotiation', negotiationCases],
  ['last event id', lastEventIdCases],
  ['requests', requestCases],
  ['HTTP/1', http1Cases],
  ['HTTP/2', http2Cases],
  ['clients that leave', leavingCases],
  ['pipe', pipeCases],
  ['backpressure', backpressureCases],
  ['time', timingCases],
  ['closing', closingCases],
  ['drain', drainCases],
  ['limits', limitCases],
  ['concurrency', concurrencyCases],
  ['errors', errorCases],
  ['misuse', misuseCases],
  ['diagnostics', diagnosticsCases],
]

/**
 * Declares the tests that every adapter has to pass. They talk to the server over real sockets and see an adapter only
 * through its harness. `S…` in a name is a case of what a server may emit.
 *
 * @param runner Default: the globals `describe` and `test` (or `it`).
 */
export function describeAdapter(name: string, harness: AdapterHarness, runner?: TestRunner): void {
  const { describe, test } = runner ?? globalRunner()
  describe(name, () => {
    for (const [theme, cases] of themes) {
      const applying = cases.filter((one) => one.appliesTo?.(harness) ?? true)
      if (applying.length === 0) continue
      describe(theme, () => {
        for (const one of applying) test(one.name, () => runCase(one, harness))
      })
    }
  })
}

function globalRunner(): TestRunner {
  const describe: unknown = Reflect.get(globalThis, 'describe')
  const test: unknown = Reflect.get(globalThis, 'test') ?? Reflect.get(globalThis, 'it')
  if (typeof describe !== 'function' || typeof test !== 'function') {
    throw new TypeError(
      'There are no global describe and test: pass those of your test runner to describeAdapter.',
    )
  }
  return {
    describe: (name, body) => describe(name, body),
    test: (name, body) => test(name, body),
  }
}
