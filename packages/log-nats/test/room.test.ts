import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from '@nats-io/transport-node'
import type { EventLog } from '@rivulet/core'
import { entry, eventually, listen } from '../../../test/support/log-listener.ts'
import { createNatsLog } from '../src/index.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { connectionOptions } from './support/storage.ts'

for (const [name, nats] of servers) {
  nats.describe(`a server without room, of ${name},`, () => {
    const disposals: (() => unknown)[] = []

    function folder(): string {
      const path = mkdtempSync(join(tmpdir(), 'rivulet-nats-room-'))
      disposals.push(() => rmSync(path, { recursive: true, force: true }))
      return path
    }

    async function serve(settings: string): Promise<OwnServer> {
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

    test('an account that has used up its storage is full, keeps what it took, and takes more when there is room', async () => {
      const server = await serve(`jetstream { store_dir: ${JSON.stringify(folder())}, max_file: 400000 }`)
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
    // By default the server uses three quarters of the disk; told to use more than there is, it falls silent (2.9) or says so (2.10).
    const disks = [
      ['a server that stops before its disk is full', true],
      ['a disk that is full', false],
    ] as const
    withMount.each(disks)(
      '%s loses nothing that was acknowledged (needs to mount a tmpfs)',
      async (_what, isLimited) => {
        const disk = folder()
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
        disposals.push(() => execFileSync('umount', [disk]))
        mkdirSync(join(disk, 'store'))
        const store = JSON.stringify(join(disk, 'store'))
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
        const code = isLimited
          ? 'ERR_SSE_LOG_FULL'
          : expect.stringMatching(/^ERR_SSE_LOG_(FULL|UNREACHABLE)$/)
        expect(failure).toMatchObject({ code })

        // Started again, with room, it has what it acknowledged.
        await server.kill()
        execFileSync('mount', ['-o', 'remount,size=30m', disk])
        await server.start()
        const read = () => log.read('news', { after: 'start', limit: 1_000 }).catch(() => null)
        const entries = (await eventually(read, (result) => result !== null))?.entries ?? []
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
      jetstream { store_dir: ${JSON.stringify(folder())} }`)
      const log = await logOn(server.port, { user: 'a', pass: 'p' })
      await log.append('one', entry())
      await expect(log.append('two', entry())).rejects.toMatchObject({ code: 'ERR_SSE_LOG_FULL' })
    })
  })
}

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
