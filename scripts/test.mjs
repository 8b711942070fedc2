import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeSummary } from './closing-line-reporter.mjs'
import { prepare } from './prepare.mjs'
import { main, runTool } from './run.mjs'
import { cacheFolder } from './workspace.mjs'

// npm test [-- arguments for jest]: install, build, run every test, and end with the closing line,
// which has to come last whatever goes wrong.
const jestArguments = process.argv.slice(2)
const summaryFile = join(cacheFolder, `test-summary-${process.pid}.json`)
process.on('exit', close)
await main(async () => {
  await prepare()
  runTool('jest', jestArguments, { env: { ...process.env, TEST_SUMMARY_FILE: summaryFile } })
})

function close(exitCode) {
  const summary = readSummary()
  // What stopped the tests from running is one failure: the closing line must not look like success.
  if (exitCode !== 0 && summary.failed === 0) summary.failed = 1
  if (leavesOutInCI(summary)) {
    console.log('\nWith CI=true nothing may be skipped.')
    process.exitCode = 1
  }
  console.log(describeSummary(summary))
}

function readSummary() {
  if (!existsSync(summaryFile)) return { passed: 0, failed: 0, skipped: [] }
  const summary = JSON.parse(readFileSync(summaryFile, 'utf8'))
  rmSync(summaryFile)
  return summary
}

/** In CI a skipped test is a missing one, unless the run was asked to leave some out. */
function leavesOutInCI({ skipped }) {
  return process.env.CI === 'true' && jestArguments.length === 0 && skipped.length > 0
}
