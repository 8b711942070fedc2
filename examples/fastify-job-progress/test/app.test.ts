import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../src/app.js'
import type { Job, PackedFile } from '../src/events.js'

let root = ''
let app: FastifyInstance
let url = ''
const streams: AbortController[] = []

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'jobs-'))
  mkdirSync(join(root, 'small/below'), { recursive: true })
  writeFileSync(join(root, 'small/a.txt'), 'Something that compresses well. '.repeat(1_000))
  writeFileSync(join(root, 'small/below/b.bin'), randomBytes(100_000))
  writeFileSync(join(root, 'small/below/empty'), '')
  symlinkSync(join(root, 'large'), join(root, 'small/link'))
  // Brotli takes some seconds for each of these.
  mkdirSync(join(root, 'large'))
  for (const name of ['1', '2', '3']) {
    writeFileSync(join(root, 'large', name), randomBytes(6_000_000).toString('hex'))
  }
  await start()
})

afterEach(async () => {
  for (const abort of streams.splice(0)) abort.abort()
  await app.close()
  rmSync(root, { recursive: true, force: true })
})

async function start(): Promise<void> {
  const folders = ['small', 'large'].map((name) => ({ name, path: join(root, name) }))
  app = await createApp({ data: join(root, 'data'), folders })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
}

test('packs every file of a folder, each as it was', async () => {
  for (const [method, ending, unpack] of [
    ['gzip', '.gz', gunzipSync],
    ['brotli', '.br', brotliDecompressSync],
  ] as const) {
    const events = follow('/api/events')
    const id = await begin('small', method)
    const job = await events.until<Job>('job', (job) => job.id === id && job.state === 'done')
    assert.deepEqual([job.totalFiles, job.doneFiles, job.doneBytes], [3, 3, 132_000])

    const files: PackedFile[] = []
    for await (const { event, data } of follow(`/api/jobs/${id}/events`)) {
      if (event === 'file') files.push(data as PackedFile)
    }
    assert.deepEqual(
      files.map(({ name }) => name),
      ['a.txt', 'below/b.bin', 'below/empty'],
    )
    for (const { name, bytes, packedBytes, sha256 } of files) {
      const source = readFileSync(join(root, 'small', name))
      const packed = readFileSync(join(root, 'data/packed', id, name + ending))
      assert.ok(unpack(packed).equals(source), name)
      assert.deepEqual([bytes, packedBytes], [source.length, packed.length])
      assert.equal(sha256, createHash('sha256').update(source).digest('hex'))
    }
    const sums = await (await fetch(`${url}/api/jobs/${id}/checksums`)).text()
    assert.equal(sums, files.map(({ sha256, name }) => `${sha256}  ${name}\n`).join(''))
  }
})

test('tells how far a job is, and cancels it at once', async () => {
  const events = follow('/api/events')
  const id = await begin('large', 'brotli')
  const { doneBytes } = await events.until<{ id: string; doneBytes: number }>(
    'progress',
    (it) => it.id === id,
  )
  assert.ok(doneBytes > 0 && doneBytes < 36_000_000)
  assert.equal((await send('POST', `/api/jobs/${id}/cancel`)).status, 204)
  await events.until<Job>('job', (job) => job.id === id && job.state === 'cancelled')
  // Over: who comes now is told so.
  await follow(`/api/jobs/${id}/events`).until('$end')
  assert.equal(existsSync(join(root, 'data/packed', id, '1.br.unfinished')), false)
})

test('runs two jobs at once, and the next when one is over', async () => {
  const events = follow('/api/events')
  const [one, two] = [await begin('large', 'brotli'), await begin('large', 'brotli')]
  const three = await begin('small', 'gzip')
  await events.until<Job>('job', (job) => job.id === two && job.state === 'running')
  assert.deepEqual(await states(), { [one]: 'running', [two]: 'running', [three]: 'queued' })
  await send('POST', `/api/jobs/${one}/cancel`)
  await events.until<Job>('job', (job) => job.id === three && job.state === 'done')
})

test('goes on after a restart, and does no file twice', async () => {
  const id = await begin('large', 'gzip')
  const first = await follow(`/api/jobs/${id}/events`).until<PackedFile>('file')
  await app.close()
  await start()
  const events = follow('/api/events')
  const { interruptions } = await events.until<Job>('job', (job) => job.id === id && job.state === 'done')
  assert.equal(interruptions, 1)
  const names: string[] = []
  for await (const { event, data } of follow(`/api/jobs/${id}/events`)) {
    if (event === 'file') names.push((data as PackedFile).name)
  }
  assert.equal(first.name, '1')
  assert.deepEqual(names, ['1', '2', '3'])
})

test('a page that comes back after a restart gets what it missed, and not all again', async () => {
  const events = follow('/api/events')
  const id = await begin('large', 'gzip')
  await events.until('progress')
  const { lastId } = events
  await app.close()
  await start()
  const again = follow('/api/events', lastId)
  await again.until<Job>('job', (job) => job.id === id && job.state === 'done')
  assert.equal(again.seen.includes('jobs'), false)
})

test('forgets a job that was removed, with what it wrote', async () => {
  const events = follow('/api/events')
  const id = await begin('small', 'gzip')
  await events.until<Job>('job', (job) => job.id === id && job.state === 'done')
  assert.equal((await send('DELETE', `/api/jobs/${id}`)).status, 204)
  await events.until<{ id: string }>('job.removed', (it) => it.id === id)
  assert.equal(existsSync(join(root, 'data/packed', id)), false)
  await app.close()
  await start()
  assert.deepEqual(await states(), {})
})

test('takes only what it offers', async () => {
  for (const body of [{}, { folder: 'small' }, { folder: 'small', method: 'zip' }]) {
    assert.equal((await send('POST', '/api/jobs', body)).status, 400)
  }
  assert.equal((await send('POST', '/api/jobs', { folder: '../..', method: 'gzip' })).status, 404)
  for (const path of ['events', 'checksums']) {
    assert.equal((await fetch(`${url}/api/jobs/none/${path}`)).status, 404)
  }
  const id = await begin('large', 'brotli')
  assert.equal((await send('DELETE', `/api/jobs/${id}`)).status, 409)
})

async function begin(folder: string, method: string): Promise<string> {
  const response = await send('POST', '/api/jobs', { folder, method })
  assert.equal(response.status, 202)
  return ((await response.json()) as { id: string }).id
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(url + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
}

/** The state of each job, as a page that is new gets it. */
async function states(): Promise<Record<string, Job['state']>> {
  const { jobs } = await follow('/api/events').until<{ jobs: Job[] }>('jobs')
  return Object.fromEntries(jobs.map(({ id, state }) => [id, state]))
}

interface Received {
  readonly event: string
  readonly data: unknown
}

/** Follows a stream until it ends, or the test does. */
function follow(path: string, lastEventId?: string) {
  const abort = new AbortController()
  streams.push(abort)
  const seen: string[] = []
  let lastId = ''
  const events = read()

  async function* read(): AsyncGenerator<Received> {
    const headers = lastEventId === undefined ? undefined : { 'last-event-id': lastEventId }
    const response = await fetch(url + path, { signal: abort.signal, ...(headers && { headers }) })
    assert.equal(response.status, 200)
    assert.ok(response.body)
    let text = ''
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + piece).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
        const [event, data] = [field('event'), field('data')]
        lastId = field('id') ?? lastId
        if (event === undefined || data === undefined) continue
        seen.push(event)
        yield { event, data: JSON.parse(data) }
      }
    }
  }

  return {
    seen,
    get lastId() {
      return lastId
    },
    [Symbol.asyncIterator]: () => events,
    /** The next event of this type that is right; of a snapshot, each of its jobs counts, too. */
    async until<Data>(type: string, isRight: (data: Data) => boolean = () => true): Promise<Data> {
      while (true) {
        const { done, value } = await events.next()
        assert.ok(!done, `The stream ended without ${type}.`)
        const { event, data } = value
        if (event === type && isRight(data as Data)) return data as Data
        if (event !== 'jobs' || type !== 'job') continue
        const found = (data as { jobs: Data[] }).jobs.find(isRight)
        if (found !== undefined) return found
      }
    },
  }
}
