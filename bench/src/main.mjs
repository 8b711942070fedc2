import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { canPin } from './calls.mjs'
import { contestants, libraries, versionOf } from './contestants/index.mjs'
import { engineNamed } from './engines/index.mjs'
import { programVersion } from './engines/programs.mjs'
import { measure } from './measure.mjs'
import { readOptions, usage } from './options.mjs'
import { profile } from './profiling.mjs'
import { panelsOf } from './report/panels.mjs'
import { writePicture } from './report/picture.mjs'
import { addToRecord } from './report/record.mjs'
import { checkBars, errorsOf } from './report/summary.mjs'
import { notesOn, tableOf } from './report/table.mjs'
import { scenarios } from './scenarios/index.mjs'

const options = readOptions(process.argv.slice(2))
if (options.help) console.log(usage)
else if (options.list) for (const { name, title } of scenarios) console.log(`${name.padEnd(12)} ${title}`)
else await runAll()

async function runAll() {
  profile(...options.profile)
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0].model.trim()}`
  const panels = []
  console.log(`${machine}, ${options.rounds} rounds, ${revision()}`)
  if (!canPin) console.log('Not pinned: server and load share what cores there are, and ratios say less.')
  for (const scenario of options.scenarios) {
    let results = await measureAndShow(scenario)
    if (options.isQuick && (isFarOverBar(scenario, results) || hasFailed(results))) {
      console.log('\nOnce more, in case it was the machine:')
      results = await measureAndShow(scenario)
      if (isFarOverBar(scenario, results)) process.exitCode = 1
    }
    const { rounds, seconds } = options
    const record = {
      machine,
      revision: revision(),
      versions: versionsIn(scenario.runs(seconds)),
      rounds,
      results: Object.fromEntries(results),
    }
    // Each as soon as it is there: all of them take more than an hour.
    if (options.json !== undefined) addToRecord(options.json, scenario.name, record)
    if (hasFailed(results)) process.exitCode = 1
    panels.push(...panelsOf(scenario, results))
  }
  if (options.svg !== undefined) writePicture(options.svg, panels, machine)
}

async function measureAndShow(scenario) {
  const results = await measure(scenario, options, showProgress)
  showProgress('')
  const versions = versionsIn(scenario.runs(options.seconds).filter(({ label }) => results.has(label)))
  console.log(`\n${scenario.title}\n${versions.join(', ')}\n\n${tableOf(scenario, results)}\n`)
  for (const note of notesOn(scenario, results)) console.log(note)
  return results
}

/** What others do not manage is told, and is no failure of the run. */
function hasFailed(results) {
  const others = [...libraries, 'nchan']
  return [...results.keys()].some((label) => !others.includes(label) && errorsOf(results, label).length > 0)
}

/** User CPU is what a change to the code changes first, and what other programs on the machine change least. */
function isFarOverBar(scenario, results) {
  return checkBars({ ...scenario, bars: scenario.quickBars }, results).some(({ overBy }) => !(overBy <= 1.15))
}

/** Of all that takes part. */
function versionsIn(runs) {
  const names = new Set(runs.map(({ contestant }) => contestant))
  const parts = [...names].map((name) => contestants[name] ?? engineNamed(name))
  const packages = new Set(parts.flatMap((part) => part.packages))
  return [
    ...[...packages].map(versionOf),
    ...parts.flatMap(({ programs = [] }) => programs.map(programVersion)),
  ]
}

/** Which state of the repository is measured. */
function revision() {
  const { stdout, status } = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' })
  return status === 0 ? `commit ${stdout.trim()}` : 'no commit'
}

/** One line that is overwritten by the next, where there is somebody to see it. */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
