import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scenarios } from '../scenarios/index.mjs'
import { panelsOf } from './panels.mjs'
import { writePicture } from './picture.mjs'
import { readRecord } from './record.mjs'
import { notesOn, tableOf } from './table.mjs'

// Writes the pictures and the figures of docs/benchmarks.md from what was measured: `npm run bench:page`. What was not
// measured here stays as it is, and so does a picture where not all of its scenarios were.

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url))
const begin = '<!-- figures: written by `npm run bench:page` -->'
const end = '<!-- end of the figures -->'

const measured = readRecord(fileURLToPath(new URL('../../figures.json', import.meta.url)))
const known = scenarios
  .filter(({ name }) => measured[name] !== undefined)
  .map((scenario) => ({
    scenario,
    ...measured[scenario.name],
    results: new Map(Object.entries(measured[scenario.name].results)),
  }))
const panels = known.flatMap(({ scenario, results, machine }) =>
  panelsOf(scenario, results).map((panel) => ({ ...panel, machine })),
)
const ofKind = (wanted) => panels.filter(({ kind }) => kind === wanted)
for (const [name, kind] of [
  ['benchmarks', 'bars'],
  ['growth', 'lines'],
])
  if (ofKind(kind).length > 0 && isComplete(kind))
    writePicture(`${docs}images/${name}.svg`, ofKind(kind), machinesOf(ofKind(kind)))
writePage(`${docs}benchmarks.md`)

function writePage(file) {
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${file} has no place for the figures: "${begin}" … "${end}"`)
  const before = sectionsIn(page.slice(from + begin.length, to))
  const after = new Map(known.map((one) => [one.scenario.name, sectionOf(one)]))
  const sections = scenarios.map(({ name }) => after.get(name) ?? before.get(name)).filter(Boolean)
  writeFileSync(file, `${page.slice(0, from)}${begin}\n\n${sections.join('\n\n')}\n\n${page.slice(to)}`)
}

function machinesOf(panels) {
  return [...new Set(panels.map(({ machine }) => machine))].join('; ')
}

/** By the name of their scenario. */
function sectionsIn(text) {
  const sections = text.split(/^(?=### `)/m).slice(1)
  return new Map(sections.map((section) => [/^### `([^`]+)`/.exec(section)[1], section.trim()]))
}

/** Whether a picture would have all that it had. */
function isComplete(kind) {
  if (kind !== 'bars') return true
  return scenarios.every(({ name, isPictured }) => !isPictured || measured[name] !== undefined)
}

function sectionOf({ scenario, machine, versions, rounds, results }) {
  const notes = notesOn(scenario, results).map((note) => `- ${note.replace(/ {2,}/, ' ')}`)
  return [
    `### \`${scenario.name}\``,
    `${scenario.title}.`,
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}. ${machine}${versions.length > 0 ? `; ${versions.join(', ')}` : ''}.`,
    tableOf(scenario, results),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
  ].join('\n\n')
}
