import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackages } from '../support/readme-program.ts'
import { pages, placeOf, root, type Snippet, snippetsOf } from './support/snippet.ts'
import { runTestFile } from './support/test-run.ts'

const cases = pages().flatMap((page) => {
  const snippets = snippetsOf(page)
  const files = snippets.filter(({ directive }) => directive.kind === 'file')
  return snippets.flatMap((snippet) =>
    snippet.directive.kind === 'test'
      ? snippet.directive.runners.map((runner) => ({ place: placeOf(snippet), snippet, files, runner }))
      : [],
  )
})

beforeAll(buildPackages, 300_000)

test.each(cases)(
  'the tests at $place pass in $runner',
  ({ snippet, files, runner }) => runTestFile(snippet, files, runner),
  90_000,
)

/** The calls that docs/testing.md names, with what advances them. */
const fakeTimers = [
  {
    runner: 'jest',
    call: "jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })",
    fakes: 'jest',
  },
  {
    runner: 'vitest',
    call: "vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })",
    fakes: 'vi',
  },
]

test.each(fakeTimers)(
  'the fake timers of $runner move heartbeats as docs/testing.md says',
  async ({ runner, call, fakes }) => {
    expect(readFileSync(join(root, 'docs', 'testing.md'), 'utf8')).toContain(call)
    const code = `
      import { createSse } from '@rivulet/core'
      import { createTestClient } from '@rivulet/testing'
      test('a heartbeat comes when its time has passed', async () => {
        ${call}
        const events = createSse()
        const client = createTestClient((req, res) => { events.open(req, res) }, '/')
        await client.connect()
        await ${fakes}.advanceTimersByTimeAsync(10_000)
        expect(client.comments).toEqual([])
        await ${fakes}.advanceTimersByTimeAsync(8_000)
        expect(await client.nextComment()).toBe('')
        await client.close()
        ${fakes}.useRealTimers()
      })`
    await runTestFile(testOf(code), [], runner)
  },
  90_000,
)

test('a test that fails is noticed', async () => {
  await expect(runTestFile(testOf("test('fails', () => expect(1).toBe(2))"), [], 'jest')).rejects.toThrow(
    /ended with 1/,
  )
}, 90_000)

function testOf(code: string): Snippet {
  return { page: 'docs/testing.md', line: 1, language: 'ts', code, directive: { kind: 'module' } }
}
