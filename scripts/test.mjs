import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeSummary } from './closing-line-reporter.mjs'
import { prepare } from './prepare.mjs'
import { CommandFailed, runTool } from './run.mjs'
import { cacheFolder } from './workspace.mjs'

// npm test [-- arguments for jest]: install, build, run every test, and end with the closing line.
const jestArguments = process.argv.slice(2)
const summaryFile = join(cacheFolder, `test-summary-${process.pid}.json`)
const ok = await runTests()
const summary = readSummary(ok)
console.log(describeSummary(summary))
process.exitCode = ok && !leavesOutInCI(summary) ? 0 : 1

async function runTests() {
  try {
    await prepare()
    runTool('jest', jestArguments, { env: { ...process.env, TEST_SUMMARY_FILE: summaryFile } })
    return true
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    return false
  }
}

/** Whatever stopped the tests from running is one failure: the closing line never looks like success. */
function readSummary(ok) {
  if (!existsSync(summaryFile)) return { passed: 0, failed: ok ? 0 : 1, skipped: [] }
  const summary = JSON.parse(readFileSync(summaryFile, 'utf8'))
  rmSync(summaryFile)
  return ok || summary.failed > 0 ? summary : { ...summary, failed: 1 }
}

/** In CI a test that was skipped is a test that is missing, unless the run was asked to leave some out. */
function leavesOutInCI({ skipped }) {
  const refused = process.env.CI === 'true' && jestArguments.length === 0 && skipped.length > 0
  if (refused) console.error('With CI=true no test may be skipped.')
  return refused
}
