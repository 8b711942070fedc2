import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs } from '../support/needs.ts'

const root = join(__dirname, '..', '..')
const jestProgram = join(root, 'node_modules', 'jest', 'bin', 'jest.js')

/** What a run of Jest says of itself. */
interface Summary {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numTotalTests: number
  readonly numTotalTestSuites: number
  readonly testResults: readonly { readonly message: string }[]
}

/** Runs the tests in a folder with another Node, Jest itself included. */
async function runTests(node: string, folder: string): Promise<Summary> {
  const output = await mkdtemp(join(tmpdir(), 'rivulet-jest-'))
  const file = join(output, 'summary.json')
  const { PATH, HOME } = process.env
  try {
    const child = spawn(
      node,
      [
        jestProgram,
        '--runInBand',
        '--json',
        `--outputFile=${file}`,
        `--cacheDirectory=${join(output, 'cache')}`,
        folder,
      ],
      // Without the variables by which this run of Jest and its reporters were told what to do.
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH, HOME } },
    )
    let errors = ''
    child.stderr.on('data', (part) => {
      errors += part
    })
    await once(child, 'close')
    if (!existsSync(file)) throw new Error(`Jest did not run:\n${errors}`)
    return JSON.parse(await readFile(file, 'utf8'))
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

/** What way bytes leave is decided by what this Node can do, so it has to be tried on each. */
describe.each([22, 24])('on Node %p', (version) => {
  const node = needs(`node@${version}`)

  node.test(
    'every way of writing puts the same bytes on the wire',
    async () => {
      const summary = await runTests(node.path, 'packages/core/test/sink/')
      expect(summary.testResults.map(({ message }) => message).filter((message) => message !== '')).toEqual(
        [],
      )
      expect(summary.numFailedTests).toBe(0)
      // Nothing was left out: a pattern that matches nothing would be a success, too.
      expect(summary.numTotalTestSuites).toBeGreaterThanOrEqual(7)
      expect(summary.numPassedTests).toBe(summary.numTotalTests)
      expect(summary.numPassedTests).toBeGreaterThanOrEqual(50)
    },
    180_000,
  )
})
