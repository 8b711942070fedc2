import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { freePort } from '../../../test/support/free-port.ts'
import { needs } from '../../../test/support/needs.ts'
import { createNatsLog, type NatsLogOptions } from '../src/index.ts'
import { entry, Listener, listen } from './support/listener.ts'
import { OwnServer } from './support/own-server.ts'
import { connectionOptions, Storage } from './support/storage.ts'

const nats = needs('nats-server')
const start = { epoch: 'none', offset: 0, check: '0' }

nats.describe('errors', () => {
  const disposals: (() => unknown)[] = []

  async function serve(settings = ''): Promise<OwnServer> {
    const server = await OwnServer.start(nats.path, settings)
    disposals.push(() => server.dispose())
    return server
  }

  async function logOn(port: number, options: ConnectionOptions = {}): Promise<EventLog> {
    const connection = await connect({ ...connectionOptions, port, ...options })
    const log = createNatsLog({ connection, answerMs: 1_500, checkMs: 300 })
    disposals.push(async () => {
      await log.close()
      await connection.close()
    })
    return log
  }

  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })

  test('a server that has gone is unreachable, to writers, readers and those who follow, until it is back', async () => {
    const server = await serve()
    const log = await logOn(server.port)
    const listener = await listen(log, 'news')
    await server.kill()
    const failure = { code: 'ERR_SSE_LOG_UNREACHABLE', cause: expect.anything() }
    await expect(log.append('news', entry('lost'))).rejects.toMatchObject(failure)
    await expect(log.read('news', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
    await expect(log.configure('news', { retention: {} })).rejects.toMatchObject(failure)
    await expect(log.delete('news')).rejects.toMatchObject(failure)
    await listener.until(({ errors }) => errors.length > 0)
    expect(listener.errors[0]).toMatchObject(failure)
    await server.start()
    await log.append('news', entry('back'))
    await listener.until(({ data }) => data.includes('back'))
    expect(listener.resets).toEqual([])
    await listener.stop()
  })

  test('a connection that its owner has closed is unreachable', async () => {
    const server = await serve()
    const connection = await connect({ port: server.port })
    const log = createNatsLog({ connection, answerMs: 1_000 })
    const listener = await listen(log, 'news')
    await connection.close()
    const failure = { code: 'ERR_SSE_LOG_UNREACHABLE', message: expect.stringContaining('closed') }
    await expect(log.append('news', entry())).rejects.toMatchObject(failure)
    await expect(log.read('news', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
    await listener.stop()
    await log.close()
  })

  test('a server without JetStream says how to enable it', async () => {
    const server = await serve('# no jetstream')
    const log = await logOn(server.port)
    const failure = {
      code: 'ERR_SSE_LOG_VERSION',
      message: expect.stringContaining('-js'),
      cause: expect.anything(),
    }
    await expect(log.append('news', entry())).rejects.toMatchObject(failure)
    await expect(log.read('news', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
    const listener = new Listener(log, 'news', start)
    await listener.until(({ errors }) => errors.length > 0)
    expect(listener.errors[0]).toMatchObject(failure)
    await listener.stop()
  })

  test('a user who may not publish to the subjects, or not use the API, is told so', async () => {
    const server = await serve(`authorization { users: [
      { user: all, password: p }
      { user: reader, password: p, permissions: { publish: { deny: ["rivulet.*"] } } }
      { user: stranger, password: p, permissions: { publish: { deny: ["$JS.API.>"] } } }
    ] }`)
    const failure = { code: 'ERR_SSE_LOG_ACCESS', message: expect.stringMatching(/permissions violation/i) }
    const log = await logOn(server.port, { user: 'all', pass: 'p' })
    const reader = await logOn(server.port, { user: 'reader', pass: 'p' })
    const stranger = await logOn(server.port, { user: 'stranger', pass: 'p' })
    await log.append('news', entry('a'))
    await expect(reader.append('news', entry())).rejects.toMatchObject(failure)
    await expect(Promise.all([1, 2, 3].map(() => reader.append('news', entry())))).rejects.toMatchObject(
      failure,
    )
    expect(await reader.read('news', { after: 'start', limit: 10 })).toMatchObject({ head: 1 })
    await expect(stranger.append('news', entry())).rejects.toMatchObject(failure)
    await expect(stranger.read('news', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
    await expect(connect({ port: server.port, user: 'all', pass: 'wrong' })).rejects.toThrow(/authorization/i)
  })

  test('a user with the rights that the README names needs no others', async () => {
    const server = await serve(`authorization { users: [ { user: app, password: p, permissions: {
      publish: ["rivulet.*", "$JS.API.STREAM.>", "$JS.API.DIRECT.GET.>", "$JS.API.CONSUMER.>", "$JS.FC.>"]
      subscribe: ["_INBOX.>", "$JS.EVENT.ADVISORY.STREAM.DELETED.*"]
    } } ] }`)
    const log = await logOn(server.port, { user: 'app', pass: 'p' })
    const listener = await listen(log, 'news')
    await log.configure('news', { retention: { maxEvents: 5 } })
    for (let made = 0; made < 100; made += 1) await log.append('news', entry())
    await listener.until(({ entries }) => entries.length === 101)
    await log.delete('news')
    await log.append('news', entry('new'))
    await listener.until(({ data }) => data.at(-1) === 'new')
    expect(listener.errors).toEqual([])
    await listener.stop()
  })

  test('an account that has used up its storage is full, keeps what it took, and takes more when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rivulet-nats-full-'))
    disposals.push(() => rmSync(folder, { recursive: true, force: true }))
    const server = await serve(`jetstream { store_dir: ${JSON.stringify(folder)}, max_file: 400000 }`)
    const log = await logOn(server.port)
    const listener = await listen(log, 'news')
    await expectFull(log)
    const { entries, head } = await log.read('news', { after: 'start', limit: 1_000 })
    await listener.until(({ entries: heard }) => heard.length === entries.length)
    expect(entries).toHaveLength(head)
    await log.configure('news', { retention: { maxEvents: 1 } })
    await log.append('news', entry('room again'))
    await listener.until(({ data }) => data.at(-1) === 'room again')
    await listener.stop()
  })

  const withMount = canMount() ? test : test.skip
  // By default the server uses three quarters of the disk; told to use more than there is, it falls silent.
  const disks = [
    ['a server that stops before its disk is full', true],
    ['a disk that is full', false],
  ] as const
  withMount.each(disks)(
    '%s loses nothing that was acknowledged (needs to mount a tmpfs)',
    async (_what, isLimited) => {
      const folder = mkdtempSync(join(tmpdir(), 'rivulet-nats-disk-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder])
      disposals.push(() => {
        execFileSync('umount', [folder])
        rmdirSync(folder)
      })
      mkdirSync(join(folder, 'store'))
      const store = JSON.stringify(join(folder, 'store'))
      const server = await serve(
        `jetstream { store_dir: ${store}${isLimited ? '' : ', max_file: 1000000000'} }`,
      )
      const log = await logOn(server.port)
      const stored: string[] = []
      let failure: unknown
      for (let made = 0; made < 1_000 && failure === undefined; made += 1) {
        const one = entry(`${made} ${'x'.repeat(20_000)}`)
        await log.append('news', one).then(
          () => stored.push(one.data),
          (error: unknown) => {
            failure = error
          },
        )
      }
      expect(stored.length).toBeGreaterThan(10)
      expect(failure).toMatchObject({ code: isLimited ? 'ERR_SSE_LOG_FULL' : 'ERR_SSE_LOG_UNREACHABLE' })

      // Started again, with room, it has what it acknowledged.
      await server.kill()
      execFileSync('mount', ['-o', 'remount,size=30m', folder])
      await server.start()
      const { entries } = await eventuallyRead(log)
      expect(entries.map(({ data }) => data).slice(0, stored.length)).toEqual(stored)
      expect(entries.length).toBeLessThanOrEqual(stored.length + 1)
      await log.append('news', entry('room again'))
    },
  )

  test('more streams than the account may have are too many', async () => {
    const server = await serve(`accounts { A {
      users: [ { user: a, password: p } ]
      jetstream { max_streams: 1 }
    } }
    jetstream { store_dir: ${JSON.stringify(mkdtempSync(join(tmpdir(), 'rivulet-nats-few-')))} }`)
    const log = await logOn(server.port, { user: 'a', pass: 'p' })
    await log.append('one', entry())
    await expect(log.append('two', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FULL' })
  })

  test('a payload over max_payload is refused alone, and the connection stays', async () => {
    const server = await serve('max_payload: 4096')
    const log = await logOn(server.port)
    const failure = { code: 'ERR_SSE_LOG_TOO_LARGE', message: expect.stringContaining('4096') }
    await expect(log.append('news', entry('x'.repeat(4_096)))).rejects.toMatchObject(failure)
    // As bytes, not as characters.
    await expect(log.append('news', entry('€'.repeat(1_500)))).rejects.toMatchObject(failure)
    expect(await log.append('news', entry('x'.repeat(3_000)))).toMatchObject({ offset: 1 })
  })

  test('a stream of somebody else that takes the subjects is named', async () => {
    const storage = await Storage.open()
    disposals.push(() => storage.close())
    const name = `theirs-${storage.prefix}`
    await storage.api.streams.add({ name, subjects: [`${storage.prefix}.>`] })
    disposals.push(() => storage.api.streams.delete(name).then(() => {}))
    const log = await storage.log()
    const failure = { code: 'ERR_SSE_LOG_FOREIGN_KEY', message: expect.stringContaining(name) }
    await expect(log.append('news', entry())).rejects.toMatchObject(failure)
    await expect(log.read('news', { after: 'start', limit: 1 })).rejects.toMatchObject(failure)
  })

  test('a server that does not answer is unreachable after answerMs, and a signal is heard before', async () => {
    const server = await serve()
    const log = await logOn(server.port)
    const listener = await listen(log, 'news')
    server.freeze()
    const reason = new Error('not any more')
    const controller = new AbortController()
    const reading = log.read('news', { after: 'start', limit: 1, signal: controller.signal })
    const appending = log.append('news', entry('late'), { signal: controller.signal })
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(appending).rejects.toBe(reason)
    await expect(log.append('news', entry('later'))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNREACHABLE',
    })
    server.thaw()
    await log.append('news', entry('again'))
    await listener.until(({ data }) => data.at(-1) === 'again')
    expect(new Set(listener.data).size).toBe(listener.data.length)
    await listener.stop()
  })

  test('options that make no sense are refused at once', async () => {
    const connection = await connect({ port: (await serve()).port })
    disposals.push(() => connection.close())
    const wrong: Partial<Record<keyof NatsLogOptions | 'url', unknown>>[] = [
      { connection: undefined },
      { connection: connect({ port: await freePort() }).catch(() => null) },
      { url: 'nats://127.0.0.1' },
      { prefix: 'a.b' },
      { prefix: '' },
      { prefix: 'x'.repeat(65) },
      { storage: 'disk' },
      { replicas: 2 },
      { replicas: '3' },
      { answerMs: 0 },
      { checkMs: false },
    ]
    for (const options of wrong) {
      // As a program without types may pass them.
      expect(() => createNatsLog({ connection, ...options } as NatsLogOptions)).toThrow(
        expect.objectContaining({ code: 'ERR_SSE_OPTION' }),
      )
    }
  })
})

/** Appends until the log is full. */
async function expectFull(log: EventLog): Promise<void> {
  let failure: unknown
  for (let made = 0; made < 1_000 && failure === undefined; made += 1) {
    await log.append('news', entry('x'.repeat(10_000))).catch((error: unknown) => {
      failure = error
    })
  }
  expect(failure).toMatchObject({ code: 'ERR_SSE_LOG_FULL', cause: expect.anything() })
}

async function eventuallyRead(log: EventLog) {
  for (;;) {
    const result = await log.read('news', { after: 'start', limit: 1_000 }).catch(() => null)
    if (result !== null) return result
  }
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}
