import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, 'examples', entry.name, 'package.json')))
  .map((entry) => entry.name)

/** Each example is a project to copy. test/examples copies, installs, tests and opens them; none is forgotten there. */
test.each(examples)('%s is described, starts, has tests of its own, and is tried as a copy', (name) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'))
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'typecheck']))
  expect(readFileSync(join(root, 'examples', name, 'README.md'), 'utf8')).toContain('npm start')
  expect(readFileSync(join(root, 'test', 'examples', `${name}.test.ts`), 'utf8')).toMatch(
    /describeTemplate\(\s*'(.*)'/,
  )
})
