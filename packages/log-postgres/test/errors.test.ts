import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChannel } from '@rivulet/core'
import type { PoolConfig } from 'pg'
import { freePort } from '../../../test/support/free-port.ts'
import { entry, Listener } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import type { PostgresLog, PostgresLogOptions } from '../src/index.ts'
import { makeFolder, OwnServer, type OwnServerOptions } from './support/own-server.ts'
import { Storage, sharedServer } from './support/storage.ts'

const postgres = needs('postgres')
const start = { epoch: 'none', offset: 0, check: '0' }

postgres.describe('errors', () => {
  const disposals: (() => Promise<unknown>)[] = []

  async function serve(options?: OwnServerOptions): Promise<OwnServer> {
    const server = await OwnServer.start(postgres.path, options)
    disposals.push(() => server.dispose())
    return server
  }

  function connect(
    config: PoolConfig,
    options: Partial<PostgresLogOptions> = {},
  ): { log: PostgresLog; storage: Storage } {
    const storage = new Storage(config)
    disposals.push(() => storage.close())
    return { log: storage.log({ answerMs: 1_500, ...options }), storage }
  }

  async function expectAll(log: PostgresLog, code: string): Promise<void> {
    const failure = { name: 'SseError', code, cause: expect.anything() }
    await expect(log.append('news', entry())).rejects.toMatchObject(failure)
    await expect(log.read('news', { after: 'head', limit: 0 })).rejects.toMatchObject(failure)
    await expect(log.configure('news', { retention: {} })).rejects.toMatchObject(failure)
    await expect(log.delete('news')).rejects.toMatchObject(failure)
    const listener = new Listener(log, 'news', start)
    await listener.until(({ errors }) => errors.length > 0)
    expect(listener.errors[0]).toMatchObject(failure)
    await listener.stop()
  }

  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose()
  })

  test('a server that is not there is unreachable, to everybody', async () => {
    const { log } = connect({ ...sharedServer, port: await freePort() })
    await expectAll(log, 'ERR_SSE_LOG_UNREACHABLE')
  })

  test('a database that is not there is unreachable', async () => {
    const { log } = connect({ ...sharedServer, database: 'no such database' })
    await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNREACHABLE' })
  })

  test('a wrong password is refused, to everybody', async () => {
    const server = await serve({ access: 'host all all 127.0.0.1/32 scram-sha-256' })
    const { log } = connect({ ...server.config, password: 'wrong' })
    await expectAll(log, 'ERR_SSE_LOG_ACCESS')
  })

  test('a user without rights on the schema is told so, and may publish and read with USAGE alone', async () => {
    const storage = new Storage()
    disposals.push(() => storage.close())
    await storage.log().migrate()
    const role = `${storage.schema.slice(0, 50)}_web`
    await storage.sql(`CREATE ROLE ${role} LOGIN`)
    disposals.push(() => storage.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
    const log = storage.log({ pool: storage.pool({ user: role }), migrate: false })
    await expectAll(log, 'ERR_SSE_LOG_ACCESS')
    await storage.sql(`GRANT USAGE ON SCHEMA $schema TO ${role}`)
    const listener = new Listener(log, 'news', start)
    await log.append('news', entry('allowed'))
    await listener.until(({ data }) => data.includes('allowed'))
    await listener.stop()
  })

  test('a user who may not make the schema is told so', async () => {
    const storage = new Storage()
    disposals.push(() => storage.close())
    const role = `${storage.schema.slice(0, 50)}_web`
    await storage.sql(`CREATE ROLE ${role} LOGIN`)
    disposals.push(() => storage.sql(`DROP ROLE ${role}`))
    const log = storage.log({ pool: storage.pool({ user: role }) })
    await expect(log.migrate()).rejects.toMatchObject({ code: 'ERR_SSE_LOG_ACCESS' })
  })

  test('a server that takes no writes is read-only, and serves readers on', async () => {
    const storage = new Storage()
    disposals.push(() => storage.close())
    const position = await storage.log().append('news', entry('before'))
    await storage.log().configure('news', { retention: { maxAgeMs: 60_000 } })
    await storage.sql(`UPDATE $schema.entries SET published_at = 0`)
    const options = '-c default_transaction_read_only=on'
    const log = storage.log({ pool: storage.pool({ options }), migrate: false })
    await expect(log.append('news', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_READ_ONLY' })
    const result = await log.read('news', { after: 'start', limit: 10 })
    expect(result).toMatchObject({ head: 1, epoch: position.epoch, entries: [{ data: 'before' }] })
    await expect(log.read('another', { after: 'start', limit: 10 })).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_READ_ONLY',
    })
  })

  test('a name that is larger than an index takes is too large, and the next append is stored', async () => {
    const { log } = connect(sharedServer)
    const name = Array.from({ length: 2_000 }, (_each, index) =>
      String.fromCodePoint(0x4e00 + index * 7),
    ).join('')
    await expect(log.append(name, entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_TOO_LARGE' })
    expect(await log.append('news', entry())).toMatchObject({ offset: 1 })
  })

  const withMount = canMount() ? test : skipped('mounting a tmpfs is not permitted here')
  withMount(
    'a full disk refuses appends, loses nothing, and takes them again when there is room',
    async () => {
      const disk = smallDisk()
      disposals.push(async () => disk.free())
      const server = await serve({
        settings: { max_wal_size: '32MB', min_wal_size: '32MB', wal_recycle: 'off' },
      })
      const space = join(disk.path, 'space')
      makeFolder(space)
      const { log, storage } = connect(server.config)
      await log.migrate()
      await storage.admin.query(`CREATE TABLESPACE small LOCATION '${space}'`)
      await storage.sql('ALTER TABLE $schema.entries SET TABLESPACE small')
      const channel = createChannel('news', { log, retention: { maxBytes: 1024 ** 3 } })
      const stored: string[] = []
      // Nothing that could be compressed.
      const noise = () => randomBytes(45_000).toString('base64')
      const fill = async () => {
        for (;;) stored.push((await channel.publish({ data: noise() })).id)
      }
      await expect(fill()).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FULL' })
      expect(stored.length).toBeGreaterThan(10)
      const { head, entries } = await log.read('news', { after: 'start', limit: 10_000 })
      expect([head, entries.length]).toEqual([stored.length, stored.length])
      disk.grow()
      await channel.publish({ data: 'again' })
      expect((await log.read('news', { after: 'head', limit: 0 })).head).toBe(stored.length + 1)
    },
    60_000,
  )
})

/** A file system of a few mebibytes. */
function smallDisk(): { path: string; grow(): void; free(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rivulet-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', path], { stdio: 'ignore' })
  return {
    path,
    grow: () => execFileSync('mount', ['-o', 'remount,size=64m', path]),
    free() {
      execFileSync('umount', ['-l', path])
      rmSync(path, { recursive: true })
    },
  }
}

function canMount(): boolean {
  try {
    smallDisk().free()
    return true
  } catch {
    return false // Whatever the reason, the test cannot be run.
  }
}

function skipped(why: string): typeof test.skip {
  return ((name: string, body: jest.ProvidesCallback, timeoutMs?: number) =>
    test.skip(`${name} [${why}]`, body, timeoutMs)) as typeof test.skip // Called like it; nothing else of it is used.
}
