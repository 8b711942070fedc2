import { batched, entryWith } from '../by-hand.mjs'

/** What the log takes at once. */
const maxBatch = 256

/**
 * The same statements by hand: the log's own function, so many entries in one call as came while the last was on its way, which is
 * the best that can be made of the driver. What Rivulet costs beyond that is its own.
 */
export async function callsBatched(address, channel) {
  // One connection, which stores in the order of the calls.
  const pool = await openPool({ ...address, max: 1 })
  const { appendMany, ...feed } = await openFeed(pool, { address, channel })
  return { append: batched(appendMany, maxBatch), appendMany, ...feed }
}

/** The log's own function for each event, on as many connections as a pool has, as most would write it. */
export async function oneCallEach(address, channel) {
  const { appendMany, ...feed } = await openFeed(await openPool(address), { address, channel })
  return { append: (data) => appendMany([data]), ...feed }
}

/** For information: no dense ids, no order of commits, no retention, nobody told. */
export async function insertOnly(address, channel) {
  const pool = await openPool(address)
  await pool.query('CREATE TABLE IF NOT EXISTS plain (id bigserial PRIMARY KEY, channel text, data text)')
  return {
    append: (data) => pool.query('INSERT INTO plain (channel, data) VALUES ($1, $2)', [channel, data]),
    async stored() {
      const { rows } = await pool.query('SELECT count(*)::int AS count FROM plain WHERE channel = $1', [
        channel,
      ])
      return rows[0].count
    },
  }
}

async function openPool(address) {
  const { default: pg } = await import('pg')
  return new pg.Pool(address)
}

async function openFeed(writer, { address, channel }) {
  const { createPostgresLog } = await import('@rivulet/log-postgres')
  const { default: pg } = await import('pg')
  const pool = await openPool(address)
  const log = createPostgresLog({ pool })
  await log.migrate()
  let batch = 0
  return {
    appendMany(data) {
      const entries = data.map(entryWith)
      batch += 1
      // As `packages/log-postgres/src/batch-store.ts` has it.
      return writer.query('SELECT "rivulet".append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
        channel,
        entries.map(({ text }) => text),
        entries.map(({ check }) => check),
        data.map((one) => Buffer.byteLength(one)),
        null,
        null,
        null,
        'by hand',
        batch,
        null,
        true,
      ])
    },
    /** A reader that is woken by each commit and reads on from where it was. */
    async listen(onData) {
      const client = new pg.Client(address)
      await client.connect()
      let { after } = await log.read(channel, { after: 'head', limit: 0 })
      let isReading = false
      let mustRead = false
      const read = async () => {
        mustRead = true
        if (isReading) return
        isReading = true
        while (mustRead) {
          mustRead = false
          const { rows } = await pool.query('SELECT "rivulet".read($1, $2, $3, $4, $5, $6) AS row', [
            channel,
            'position',
            after.epoch,
            after.offset,
            after.check,
            500,
          ])
          for (const { row } of rows.slice(1)) {
            const { data, check } = JSON.parse(row)
            after = { ...after, offset: after.offset + 1, check }
            onData(data)
          }
        }
        isReading = false
      }
      client.on('notification', read)
      await client.query('LISTEN "rivulet"')
    },
    stored: async () => (await log.read(channel, { after: 'head', limit: 0 })).head,
  }
}
