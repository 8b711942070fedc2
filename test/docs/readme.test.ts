import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { collect } from '@rivulet/testing'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const program = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''

// Below node_modules, where the program finds the packages as a user's project does.
const folder = mkdtempSync(join(root, 'node_modules', '.readme-'))
let server: ChildProcess | undefined

beforeAll(() => {
  const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(build.stderr)
}, 120_000)

afterAll(async () => {
  if (server !== undefined && server.exitCode === null) {
    server.kill()
    await once(server, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

test("the README's first program has at most 15 lines", () => {
  expect(program.trim()).not.toBe('')
  expect(program.trim().split('\n').length).toBeLessThanOrEqual(15)
})

test("the README's first program runs, and resumes what a client missed", async () => {
  writeFileSync(join(folder, 'program.mjs'), program)
  const port = await freePort()
  server = spawn(process.execPath, ['program.mjs'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await isListening(port, server)

  const first = await collect(`http://127.0.0.1:${port}`, '/clock', { count: 2 })
  expect(first.status).toBe(200)
  expect(first.events.map(({ event }) => event)).toEqual(expect.arrayContaining(['$ready', 'tick']))

  const [ready] = first.events
  const again = await collect(`http://127.0.0.1:${port}`, '/clock', {
    count: 2,
    lastEventId: ready?.id ?? '',
  })
  expect(again.events.find(({ event }) => event === '$ready')?.data).toContain('"resumed":true')
  expect(again.events.find(({ event }) => event === 'tick')).toEqual(
    first.events.find(({ event }) => event === 'tick'),
  )
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Tries until the program answers or has ended. */
async function isListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`)
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return
    } catch {
      await new Promise(setImmediate)
    }
  }
}
