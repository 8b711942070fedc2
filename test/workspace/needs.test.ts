import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { needs, toolAt } from '../support/needs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('a tool that is there', () => {
  const node22 = needs('node@22')

  node22.test('is found, and its tests run', () => {
    expect(node22.isAvailable).toBe(true)
    expect(execFileSync(node22.path, ['--version'], { encoding: 'utf8' })).toMatch(/^v22\./)
  })
})

describe('a tool that is missing', () => {
  test('has no path, and says how to get one', () => {
    const nginx = toolAt('nginx', undefined, false)
    expect(nginx.isAvailable).toBe(false)
    expect(() => nginx.path).toThrow('needs nginx: apt-get install nginx')
  })

  test('is fetched by a command of its own where this machine has an older one', () => {
    const valkey = toolAt('valkey-server@8.1', undefined, false)
    expect(() => valkey.path).toThrow('needs valkey-server@8.1: run .ci/engines, on Debian')
  })

  test('leaves its tests out, listed with the reason before the closing line', () => {
    const { lines, status } = runFixture('missing-tool', { CI: '' })
    expect(status).toBe(0)
    expect(lines.slice(-6)).toEqual([
      'Skipped:',
      '  alone [needs nginx: apt-get install nginx]',
      '  several [needs nginx: apt-get install nginx] first',
      '  several [needs nginx: apt-get install nginx] second',
      '',
      '1 passed, 0 failed, 3 skipped',
    ])
  })

  test('fails in CI', () => {
    const { lines, status } = runFixture('missing-tool', { CI: 'true' })
    expect(status).toBe(1)
    expect(lines.at(-1)).toBe('1 passed, 2 failed')
  })
})

test('a test file that cannot be loaded is a failure', () => {
  const { lines, status } = runFixture('broken', { CI: '' })
  expect(status).toBe(1)
  expect(lines.at(-1)).toBe('0 passed, 1 failed')
})

/** `npm test` on one file that is no test of ours. */
function runFixture(name: string, env: { CI: string }) {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['scripts/test.mjs', '--testMatch', `**/test/workspace/fixtures/${name}.ts`],
    { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8' },
  )
  return { lines: stdout.trimEnd().split('\n'), status }
}
