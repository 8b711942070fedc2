import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { needs } from '../../../test/support/needs.ts'
import { buildPackages } from '../../../test/support/readme-program.ts'
import { Storage } from './support/storage.ts'

const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
let storage: Storage
beforeAll(buildPackages, 300_000)
beforeEach(() => {
  storage = new Storage()
})
afterEach(() => storage.close())

function support(name: string): string {
  return join(__dirname, 'support', name)
}

interface Life {
  readonly answer: Record<string, unknown>
  readonly errors: string
}

/** Runs one of `life.mjs` in a process of its own, until that has ended by itself. */
async function live(what: string, node = process.execPath, ...options: readonly string[]): Promise<Life> {
  return listenTo(spawn(node, [...options, support('life.mjs'), storage.file, what], { stdio }))
}

async function listenTo(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Life> {
  let text = ''
  let errors = ''
  child.stdout.on('data', (part) => {
    text += part
  })
  child.stderr.on('data', (part) => {
    errors += part
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`The process ended with ${code}: ${errors}`)
  return { answer: JSON.parse(text), errors }
}

test('closing leaves no thread, no descriptor and no other file than the log, and the process ends', async () => {
  const { answer } = await live('close')
  expect(answer.open).toEqual({ threads: 1, files: 3 })
  expect(answer.left).toEqual({ threads: 0, descriptors: 0, files: 1 })
})

test('a log that nobody closes does not keep the process alive', async () => {
  const { answer } = await live('leave')
  expect(answer).toEqual({})
})

test('a thread that is lost is replaced: the append on its way is refused, followers miss and repeat nothing', async () => {
  const { answer } = await live('loseThread')
  expect(answer.rejected).toBe('ERR_SSE_LOG_ENGINE')
  const { data, errors } = answer.seen as { data: string[]; errors: string[] } // as life.mjs writes it
  const stored = answer.stored as string[]
  expect(stored[0]).toBe('one')
  expect(stored.at(-1)).toBe('three')
  expect(data).toEqual(stored)
  expect(errors).toContain('ERR_SSE_LOG_ENGINE')
})

/** Whom Unix systems have for programs that may nothing. */
const nobody = { uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0
const asRoot = isRoot ? test : test.skip

asRoot(
  `a user who may not write to the folder or the file is told so${isRoot ? '' : ' [needs root, to be somebody else]'}`,
  async () => {
    const liveAsNobody = () =>
      listenTo(spawn(process.execPath, [support('life.mjs'), storage.file, 'store'], { stdio, ...nobody }))
    // Others may look into the folder, and no more.
    chmodSync(storage.folder, 0o755)
    expect((await liveAsNobody()).answer).toEqual({ stored: [], code: 'ERR_SSE_LOG_ACCESS' })
    await live('store')
    expect((await liveAsNobody()).answer.code).toMatch(/^ERR_SSE_LOG_(ACCESS|READ_ONLY)$/)
  },
)

const hasSqlite = process.getBuiltinModule('node:sqlite') !== undefined
const onNode20 = hasSqlite ? test.skip : test

onNode20(
  `without libsql there is nothing to use on Node 20, and the error says so${hasSqlite ? ' [this Node has SQLite]' : ''}`,
  async () => {
    const { answer } = await live('store', process.execPath, '--require', support('without-libsql.cjs'))
    expect(answer).toEqual({ stored: [], code: 'ERR_SSE_LOG_DRIVER' })
  },
)

describe.each([22, 24])('on Node %p', (version) => {
  const node = needs(`node@${version}`)

  node.test('nothing is printed about the SQLite built in', async () => {
    const { answer, errors } = await live('warnings', node.path)
    expect(answer).toEqual({ warnings: [] })
    expect(errors).toBe('')
  })

  node.test('libsql is not needed', async () => {
    const { answer } = await live('store', node.path, '--require', support('without-libsql.cjs'))
    expect(answer).toEqual({ stored: ['one'] })
  })
})
