import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

/** Runs the tests of folders or files with another Node, Jest itself included. */
export async function runTests(node: string, ...folders: readonly string[]): Promise<Summary> {
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
        ...folders,
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
