import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Figures of scenarios, each as of its last run.
 *
 * @typedef {object} Record
 * @property {string} machine
 * @property {string[]} versions
 * @property {{ [name: string]: { rounds: number, results: { [label: string]: object[] } } }} scenarios
 */

/** @param {Record} record What was measured now: it takes the place of what is there of the same scenarios. */
export function addToRecord(file, record) {
  const before = existsSync(file) ? readRecord(file).scenarios : {}
  const scenarios = Object.entries({ ...before, ...record.scenarios }).map(
    // One line for each contestant, so that a change shows what was measured anew.
    ([name, { rounds, results }]) => {
      const rows = Object.entries(results).map(
        ([label, figures]) => `        ${JSON.stringify(label)}: ${JSON.stringify(figures, rounded)}`,
      )
      return `    ${JSON.stringify(name)}: {\n      "rounds": ${rounds},\n      "results": {\n${rows.join(',\n')}\n      }\n    }`
    },
  )
  const { machine, versions } = record
  writeFileSync(
    file,
    `{
  "machine": ${JSON.stringify(machine)},
  "versions": ${JSON.stringify(versions)},
  "scenarios": {
${scenarios.join(',\n')}
  }
}
`,
  )
}

/** @returns {Record} */
export function readRecord(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function rounded(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}
