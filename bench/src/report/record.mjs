import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Figures of a scenario, as of its last run.
 *
 * @typedef {object} Measured
 * @property {string} machine
 * @property {string} revision
 * @property {string[]} versions
 * @property {number} rounds
 * @property {{ [label: string]: object[] }} results
 */

/** @param {Measured} measured Takes the place of what is there of the same scenario. */
export function addToRecord(file, name, measured) {
  const all = { ...(existsSync(file) ? readRecord(file) : {}), [name]: measured }
  // One line for each contestant, so that a change shows what was measured anew.
  const scenarios = Object.entries(all).map(([scenario, { results, ...about }]) => {
    const rows = Object.entries(results).map(
      ([label, figures]) => `    ${JSON.stringify(label)}: ${JSON.stringify(figures, rounded)}`,
    )
    const head = Object.entries(about).map(
      ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
    )
    return `${JSON.stringify(scenario)}: {\n${head.join('')}  "results": {\n${rows.join(',\n')}\n  }\n}`
  })
  writeFileSync(file, `{\n${scenarios.join(',\n')}\n}\n`)
}

/** @returns {{ [name: string]: Measured }} */
export function readRecord(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function rounded(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}
