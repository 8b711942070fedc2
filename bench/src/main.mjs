import { cpus } from 'node:os'
import { contestants, libraries, versionOf } from './contestants/index.mjs'
import { engines } from './engines/index.mjs'
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
  const record = { machine, versions: versions(), scenarios: {} }
  console.log(`${machine}, ${options.rounds} rounds`)
  console.log(record.versions.join(', '))
  for (const scenario of options.scenarios) {
    let results = await measureAndShow(scenario)
    if (options.isQuick && (isFarOverBar(scenario, results) || hasFailed(results))) {
      console.log('\nOnce more, in case it was the machine:')
      results = await measureAndShow(scenario)
      if (isFarOverBar(scenario, results)) process.exitCode = 1
    }
    record.scenarios[scenario.name] = { rounds: options.rounds, results: Object.fromEntries(results) }
    // Each as soon as it is there: all of them take more than an hour.
    if (options.json !== undefined) addToRecord(options.json, record)
    if (hasFailed(results)) process.exitCode = 1
    panels.push(...panelsOf(scenario, results))
  }
  if (options.svg !== undefined) writePicture(options.svg, panels, machine)
}

async function measureAndShow(scenario) {
  const results = await measure(scenario, options, showProgress)
  showProgress('')
  console.log(`\n${scenario.title}\n\n${tableOf(scenario, results)}\n`)
  for (const note of notesOn(scenario, results)) console.log(note)
  return results
}

/** What other libraries do not manage is told, and is no failure of the run. */
function hasFailed(results) {
  return [...results.keys()].some(
    (label) => !libraries.includes(label) && errorsOf(results, label).length > 0,
  )
}

/** User CPU is what a change to the code changes first, and what other programs on the machine change least. */
function isFarOverBar(scenario, results) {
  return checkBars(scenario, results).some(({ figure, overBy }) => figure === 'user' && !(overBy <= 1.15))
}

function versions() {
  const measured = [...Object.values(contestants), ...engines.filter(({ missing }) => missing() === null)]
  const packages = new Set(measured.flatMap(({ packages }) => packages))
  return [...packages].map(versionOf)
}

/** One line that is overwritten by the next, where there is somebody to see it. */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
