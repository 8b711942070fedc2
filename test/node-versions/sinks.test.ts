import { needs } from '../support/needs.ts'
import { runTests } from './run-tests.ts'

/** What way bytes leave is decided by what this Node can do, so it has to be tried on each. */
describe.each([22, 24])('on Node %p', (version) => {
  const node = needs(`node@${version}`)

  node.test(
    'every way of writing puts the same bytes on the wire',
    async () => {
      const summary = await runTests(node.path, 'packages/core/test/sink/')
      expect(summary.testResults.map(({ message }) => message).filter((message) => message !== '')).toEqual(
        [],
      )
      expect(summary.numFailedTests).toBe(0)
      // Nothing was left out: a pattern that matches nothing would be a success, too.
      expect(summary.numTotalTestSuites).toBeGreaterThanOrEqual(7)
      expect(summary.numPassedTests).toBe(summary.numTotalTests)
      expect(summary.numPassedTests).toBeGreaterThanOrEqual(50)
    },
    180_000,
  )
})
