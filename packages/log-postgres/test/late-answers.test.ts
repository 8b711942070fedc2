import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { entry, eventually } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { createPostgresLog } from '../src/index.ts'
import { Relay } from './support/relay.ts'
import { Storage } from './support/storage.ts'

const postgres = needs('postgres')

postgres.describe('answers that do not come in time', () => {
  let storage: Storage

  beforeEach(() => {
    storage = new Storage()
  })

  afterEach(() => storage.close())

  test('a pool whose clients are all in use is told apart from a silent server', async () => {
    const pool = storage.pool({ max: 1 })
    const log = storage.log({ pool, answerMs: 200 })
    await log.migrate()
    const client = await pool.connect()
    await expect(log.append('news', entry())).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNREACHABLE',
      message: expect.stringContaining('all are in use'),
    })
    client.release()
    expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
  })

  test('a statement that is not answered in time fails, never overtakes what comes later, and its client is given up', async () => {
    const pool = storage.pool({ max: 2 })
    const log = storage.log({ pool, answerMs: 300 })
    await log.append('news', entry('first'))
    const client = await storage.admin.connect()
    await client.query('BEGIN')
    await client.query(`SELECT FROM ${storage.schema}.channels FOR UPDATE`)
    await expect(log.append('news', entry('given up'))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNREACHABLE',
    })
    const later = log.append('news', entry('later'))
    await client.query('COMMIT')
    client.release()
    await later
    const data = (await log.read('news', { after: 'start', limit: 10 })).entries.map((one) => one.data)
    // The server may have stored it when the lock came free, before the later one; behind it never.
    expect([
      ['first', 'later'],
      ['first', 'given up', 'later'],
    ]).toContainEqual(data)
  })

  test('a batch that was given up is refused when it arrives behind later ones', async () => {
    await storage.log().migrate()
    const append = (batch: number, given: number | null) =>
      storage.sql(
        `SELECT $schema.append('news', ARRAY['{}'], ARRAY['abcd'], ARRAY[2], NULL, NULL, NULL, 'writer', $1, $2, false)`,
        [batch, given],
      )
    await append(1, null)
    await append(3, 2)
    await expect(append(2, null)).rejects.toMatchObject({ code: 'SSE02' })
    await append(4, null)
  })

  test('reads are aborted with the reason of their signal, while they wait too', async () => {
    const pool = storage.pool({ max: 1 })
    const log = storage.log({ pool, answerMs: 60_000 })
    await log.migrate()
    const client = await storage.admin.connect()
    await client.query(`BEGIN; LOCK TABLE ${storage.schema}.channels IN ACCESS EXCLUSIVE MODE`)
    const controllers = [new AbortController(), new AbortController()]
    const reads = controllers.map(({ signal }) => log.read('news', { after: 'start', limit: 1, signal }))
    const reasons = controllers.map((controller, index) => {
      const reason = new Error(`reason ${index}`)
      controller.abort(reason)
      return reason
    })
    for (const [index, read] of reads.entries()) await expect(read).rejects.toBe(reasons[index])
    await client.query('ROLLBACK')
    client.release()
    expect(await log.read('news', { after: 'start', limit: 1 })).toMatchObject({ head: 0 })
  })

  test('reads that were aborted give their clients back, also where connections have gone silent', async () => {
    await using relay = await Relay.open()
    const pool = storage.pool({ port: relay.port, max: 4 })
    const log = storage.log({ pool, answerMs: 300 })
    await log.append('news', entry())
    relay.silence()
    const aborted = new AbortController()
    const reads = Array.from({ length: 4 }, () =>
      log.read('news', { after: 'start', limit: 1, signal: aborted.signal }),
    )
    while (pool.totalCount < 4 || pool.idleCount > 0) await settle()
    aborted.abort(new Error('left'))
    for (const read of reads) await expect(read).rejects.toThrow('left')
    // As where another server has taken over: new connections are answered.
    relay.speak()
    const { head } = await eventually(
      () => log.read('news', { after: 'head', limit: 0 }).catch(() => ({ head: null })),
      (answer) => answer.head !== null,
    )
    expect(head).toBe(1)
  }, 10_000)

  test('a connection that is cut in the moment it was made fails its call, and nothing else', async () => {
    // What a server under load may send in one piece: welcome, ready, and farewell.
    const fatal = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0')
    const welcome = Buffer.concat([
      message('R', Buffer.alloc(4)),
      message('Z', Buffer.from('I')),
      message('E', fatal),
    ])
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(welcome))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // it listens on a port
    const log = createPostgresLog({ pool: storage.pool({ port }), notify: false, answerMs: 1_000 })
    const reads = Array.from({ length: 3 }, () => log.read('news', { after: 'start', limit: 1 }))
    for (const read of reads) await expect(read).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
    await log.close()
    server.close()
  })
})

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

/** A message of PostgreSQL's protocol. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + body.length)
  return Buffer.concat([Buffer.from(type), length, body])
}
