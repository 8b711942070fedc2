import { Listener } from '../../../test/support/log-listener.ts'
import type { PostgresLog } from '../src/index.ts'
import { OwnServer } from './support/own-server.ts'
import { servers } from './support/servers.ts'
import { Storage } from './support/storage.ts'
import { dataOf } from './support/transaction.ts'

const everything = { after: 'start', limit: 1_000 } as const
const start = { epoch: 'none', offset: 0, check: '0' }

for (const { name, postgres, isShared } of servers) {
  postgres.describe(`rivulet_publish in SQL, on ${name}`, () => {
    let server: OwnServer | null = null
    let storage: Storage
    let log: PostgresLog

    beforeAll(async () => {
      if (!isShared) server = await OwnServer.start(postgres.path)
    })
    afterAll(() => server?.dispose())

    beforeEach(async () => {
      storage = new Storage(server?.config)
      log = storage.log()
      await log.migrate()
    })

    afterEach(() => storage.close())

    test('publishes texts as they are and JSON as JSON', async () => {
      await storage.sql(`SELECT $schema.rivulet_publish('orders', 'plain text')`)
      await storage.sql(`SELECT $schema.rivulet_publish('orders', '{"id": 7}'::jsonb)`)
      await storage.sql(
        `SELECT $schema.rivulet_publish('orders', json_build_object('id', 8), 'order.created', ARRAY['a', 'b'])`,
      )
      await storage.sql(`SELECT $schema.rivulet_publish('orders', NULL::json, event => 'message')`)
      await storage.sql(`SELECT $schema.rivulet_publish('orders', to_jsonb(U&'a\\2028b'::text))`)
      const { entries } = await log.read('orders', everything)
      expect(dataOf(entries)).toEqual(['plain text', '{"id": 7}', '{"id" : 8}', 'null', '"a\\u2028b"'])
      expect(entries[2]).toMatchObject({ v: 1, kind: 'event', event: 'order.created', topics: ['a', 'b'] })
      expect(entries[3]).not.toHaveProperty('event')
      expect(new Set(entries.map(({ check }) => check)).size).toBe(entries.length)
      for (const { check, at } of entries) {
        expect(check).toMatch(/^[A-Za-z0-9]{4}$/)
        expect(Math.abs(at - Date.now())).toBeLessThan(60_000)
      }
    })

    test('publishes from a trigger what the statement has changed, if it commits', async () => {
      await storage.sql(`CREATE TABLE $schema.orders (id int PRIMARY KEY, state text)`)
      await storage.sql(`CREATE FUNCTION $schema.tell() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM $schema.rivulet_publish('orders', to_jsonb(NEW), 'order.' || lower(TG_OP), ARRAY['order:' || NEW.id]);
          RETURN NULL;
        END $$`)
      await storage.sql(
        `CREATE TRIGGER tell AFTER INSERT OR UPDATE ON $schema.orders FOR EACH ROW EXECUTE FUNCTION $schema.tell()`,
      )
      const listener = new Listener(log, 'orders', start)
      await storage.sql(`INSERT INTO $schema.orders VALUES (1, 'new'), (2, 'new')`)
      await expect(storage.sql(`INSERT INTO $schema.orders VALUES (3, 'new'), (1, 'twice')`)).rejects.toThrow(
        /duplicate key/,
      )
      await storage.sql(`UPDATE $schema.orders SET state = 'paid' WHERE id = 2`)
      await listener.until(({ entries }) => entries.length >= 3)
      expect(listener.entries.map(({ event, data, topics }) => [event, JSON.parse(data), topics])).toEqual([
        ['order.insert', { id: 1, state: 'new' }, ['order:1']],
        ['order.insert', { id: 2, state: 'new' }, ['order:2']],
        ['order.update', { id: 2, state: 'paid' }, ['order:2']],
      ])
      await listener.stop()
    })

    test('takes an idempotency key, the same as publish() does', async () => {
      for (const key of ['k', 'quote " and \\ and \u0001']) {
        await storage.sql(`SELECT $schema.rivulet_publish('orders', 'in SQL', idempotency_key => $1)`, [key])
        const entry = { v: 1, kind: 'event', data: 'here', topics: [], at: 1, check: 'here' } as const
        await log.append('orders', entry, { idempotencyKey: key })
      }
      expect(dataOf((await log.read('orders', everything)).entries)).toEqual(['in SQL', 'in SQL'])
    })

    test.each([
      [`''`, `'x'`, ''],
      [`repeat('x', 257)`, `'x'`, ''],
      [`E'a\\nb'`, `'x'`, ''],
      [`'orders'`, `NULL::text`, ''],
      [`'orders'`, `repeat('x', 1048577)`, ''],
      [`'orders'`, `'x'`, `, event => '$mine'`],
      [`'orders'`, `'x'`, `, event => E'a\\rb'`],
      [`'orders'`, `'x'`, `, topics => ARRAY['']`],
      [`'orders'`, `'x'`, `, topics => ARRAY[NULL]::text[]`],
      [`'orders'`, `'x'`, `, topics => array_fill('t'::text, ARRAY[257])`],
      [`'orders'`, `'x'`, `, idempotency_key => ''`],
    ])('refuses rivulet_publish(%s, %s%s)', async (channel, data, rest) => {
      const call = storage.sql(`SELECT $schema.rivulet_publish(${channel}, ${data}${rest})`)
      await expect(call).rejects.toMatchObject({
        code: '22023',
        message: expect.stringMatching(/^rivulet_publish\(\): /),
      })
    })

    test('needs no rights but USAGE on the schema, and no search_path', async () => {
      const role = `${storage.schema.slice(0, 50)}_app`
      await storage.sql(`CREATE ROLE ${role}`)
      const client = await storage.admin.connect()
      try {
        await client.query(`SET search_path = ''; SET ROLE ${role}`)
        const publish = () => client.query(`SELECT ${storage.schema}.rivulet_publish('orders', 'by the app')`)
        await expect(publish()).rejects.toMatchObject({ code: '42501' })
        await storage.sql(`GRANT USAGE ON SCHEMA $schema TO ${role}`)
        await publish()
        await expect(client.query(`SELECT * FROM ${storage.schema}.entries`)).rejects.toMatchObject({
          code: '42501',
        })
        expect(dataOf((await log.read('orders', everything)).entries)).toEqual(['by the app'])
      } finally {
        await client.query('RESET ROLE; RESET search_path')
        client.release()
        await storage.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    })

    test('tells nobody where rivulet.notify is off; those who poll find it', async () => {
      const silent = storage.log({ checkMs: 60_000 })
      const polling = storage.log({ notify: false, maxPollMs: 100 })
      const { after } = await log.read('orders', { after: 'head', limit: 0 })
      const [deaf, patient] = [new Listener(silent, 'orders', after), new Listener(polling, 'orders', after)]
      await storage.sql(`SELECT $schema.rivulet_publish('orders', 'loud')`)
      await Promise.all(
        [deaf, patient].map((listener) => listener.until(({ entries }) => entries.length === 1)),
      )
      await storage.sql(
        `SELECT set_config('rivulet.notify', 'off', true), $schema.rivulet_publish('orders', 'silent')`,
      )
      await patient.until(({ entries }) => entries.length === 2)
      expect(deaf.data).toEqual(['loud'])
      await storage.sql(`SELECT $schema.rivulet_publish('orders', 'loud again')`)
      await deaf.until(({ entries }) => entries.length === 3)
      expect(deaf.data).toEqual(['loud', 'silent', 'loud again'])
      await Promise.all([deaf.stop(), patient.stop()])
    })
  })
}
