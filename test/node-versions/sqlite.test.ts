import { needs } from '../support/needs.ts'
import { runTests } from './run-tests.ts'

const files = ['contract', 'faults', 'growth', 'locks', 'lost-history'].map(
  (name) => `packages/log-sqlite/test/${name}.test.ts`,
)

/** From Node 22.13 on the log uses the SQLite that is built in, which is another library than on Node 20. */
describe.each([22, 24])('on Node %p', (version) => {
  const node = needs(`node@${version}`)

  node.test(
    'the SQLite log keeps all that it promises',
    async () => {
      const summary = await runTests(node.path, ...files)
      expect(summary.testResults.map(({ message }) => message).filter((message) => message !== '')).toEqual(
        [],
      )
      expect(summary.numFailedTests).toBe(0)
      expect(summary.numTotalTestSuites).toBeGreaterThanOrEqual(files.length)
      expect(summary.numPassedTests).toBeGreaterThanOrEqual(80)
    },
    240_000,
  )
})
