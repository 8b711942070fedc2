import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const documented = [
  ...readFileSync(join(root, 'docs', 'errors.md'), 'utf8').matchAll(/^### (ERR_SSE_\w+)$/gm),
].map(([, code]) => code)

/** Codes as sources write them: each is thrown, or checked for, somewhere. */
function codesInSources(): string[] {
  const codes = new Set<string>()
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', name, 'src')
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      for (const [, code] of readFileSync(join(folder, file), 'utf8').matchAll(/'(ERR_SSE_[A-Z_]*[A-Z])'/g)) {
        if (code !== undefined) codes.add(code)
      }
    }
  }
  return [...codes].sort()
}

test('every error code has its place in docs/errors.md, and nothing else has', () => {
  expect([...documented].sort()).toEqual(codesInSources())
})
