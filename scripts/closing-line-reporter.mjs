import { writeFileSync } from 'node:fs'

/**
 * Jest reporter: says at the very end which tests were skipped and why, then the closing line
 * `N passed, N failed[, N skipped]`. The reason of a skipped test is part of its name
 * (test/support/needs.ts puts it there).
 *
 * When TEST_SUMMARY_FILE is set the text goes there instead, for a caller that wants to print it after
 * everything else (scripts/test.mjs).
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const summary = summarize(results)
    const file = process.env.TEST_SUMMARY_FILE
    if (file) writeFileSync(file, JSON.stringify(summary))
    else process.stdout.write(`${describeSummary(summary)}\n`)
  }
}

/** A file that could not be run at all counts as one failed test: it must not look like none. */
function summarize(results) {
  const skipped = results.testResults.flatMap((file) => [
    ...file.testResults
      .filter((test) => ['pending', 'todo', 'skipped', 'disabled'].includes(test.status))
      .map((test) => test.fullName),
    ...(file.skipped && file.testResults.length === 0 ? [file.testFilePath] : []),
  ])
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped,
  }
}

export function describeSummary({ passed, failed, skipped }) {
  const lines = skipped.length > 0 ? ['', 'Skipped:', ...skipped.map((name) => `  ${name}`), ''] : []
  const count = `${passed} passed, ${failed} failed`
  return [...lines, skipped.length > 0 ? `${count}, ${skipped.length} skipped` : count].join('\n')
}
