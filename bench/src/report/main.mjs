import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scenarios } from '../scenarios/index.mjs'
import { panelsOf } from './panels.mjs'
import { writePicture } from './picture.mjs'
import { readRecord } from './record.mjs'
import { notesOn, tableOf } from './table.mjs'

// Writes the pictures and the figures of docs/benchmarks.md from what was measured: `npm --prefix bench run page`.

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url))
const begin = '<!-- figures: written by `npm --prefix bench run page` -->'
const end = '<!-- end of the figures -->'

const {
  machine,
  versions,
  scenarios: measured,
} = readRecord(fileURLToPath(new URL('../../figures.json', import.meta.url)))
const known = scenarios
  .filter(({ name }) => measured[name] !== undefined)
  .map((scenario) => ({
    scenario,
    rounds: measured[scenario.name].rounds,
    results: new Map(Object.entries(measured[scenario.name].results)),
  }))
const panels = known.flatMap(({ scenario, results }) => panelsOf(scenario, results))
const ofKind = (wanted) => panels.filter(({ kind }) => kind === wanted)
for (const [name, kind] of [
  ['benchmarks', 'bars'],
  ['growth', 'lines'],
])
  if (ofKind(kind).length > 0) writePicture(`${docs}images/${name}.svg`, ofKind(kind), machine)
writePage(`${docs}benchmarks.md`)

function writePage(file) {
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${file} has no place for the figures: "${begin}" … "${end}"`)
  const body = [`${machine}. ${versions.join(', ')}.`, ...known.map(sectionOf)].join('\n\n')
  writeFileSync(file, `${page.slice(0, from)}${begin}\n\n${body}\n\n${page.slice(to)}`)
}

function sectionOf({ scenario, rounds, results }) {
  const notes = notesOn(scenario, results).map((note) => `- ${note.replace(/ {2,}/, ' ')}`)
  return [
    `### \`${scenario.name}\``,
    `${scenario.title}. ${rounds} rounds.`,
    tableOf(scenario, results),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
  ].join('\n\n')
}
