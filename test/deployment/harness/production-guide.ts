import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('../../../docs/production.md', import.meta.url))

/** The block of docs/production.md that has this file name behind its language, as it stands there. */
export function guideBlock(name: string): string {
  const blocks = readFileSync(file, 'utf8').matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)
  for (const [, title, text] of blocks) if (title === name && text !== undefined) return text
  throw new Error(`docs/production.md has no block ${name}.`)
}

/** Replaces each text, which must be there: a block that has changed in the guide is not tested as something else. */
export function adapted(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`"${from}" is not there any more:\n${text}`)
    return result.replaceAll(from, to)
  }, text)
}
