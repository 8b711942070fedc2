import { getEventListeners } from 'node:events'
import { type ConnectionOptions, connect } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { freePort } from '../../../test/support/free-port.ts'
import { entry, Listener, listen } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createNatsLog, type NatsLogOptions } from '../src/index.ts'
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

  test.each(['closed', 'draining'])(
    'a connection that is %s is unreachable to those who begin to follow',
    async (how) => {
      const server = await serve()
      const connection = await connect({ port: server.port })
      const log = createNatsLog({ connection, answerMs: 1_000 })
      const { after } = await log.read('news', { after: 'head', limit: 0 })
      if (how === 'closed') await connection.close()
      else void connection.drain()
      const { signal } = new AbortController()
      const handlers = { entries() {}, reset() {}, error() {} }
      await expect(log.tail('news', { after, signal }, handlers)).rejects.toMatchObject({
        code: 'ERR_SSE_LOG_UNREACHABLE',
        cause: expect.anything(),
      })
      expect(getEventListeners(signal, 'abort')).toEqual([])
      await log.close()
      await connection.closed()
    },
  )

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
    await server.freeze()
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

  test('a stream that somebody has sealed takes nothing, and can be read', async () => {
    const storage = await Storage.open()
    disposals.push(() => storage.close())
    const log = await storage.log()
    await log.append('news', entry('a'))
    const { config } = await storage.api.streams.info(await storage.stream('news'))
    const sealed = JSON.stringify({ ...config, sealed: true })
    await storage.admin.request(`$JS.API.STREAM.UPDATE.${config.name}`, sealed, { timeout: 5_000 })
    const failure = { code: 'ERR_SSE_LOG_READ_ONLY', message: expect.stringContaining('sealed') }
    await expect(log.append('news', entry())).rejects.toMatchObject(failure)
    await expect(Promise.all([1, 2, 3].map(() => log.append('news', entry())))).rejects.toMatchObject(failure)
    expect(await log.read('news', { after: 'start', limit: 10 })).toMatchObject({ head: 1 })
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
