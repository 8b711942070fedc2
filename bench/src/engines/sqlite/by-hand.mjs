import { batched, entryWith } from '../by-hand.mjs'

/** What the log keeps of a channel unless told otherwise. */
const maxEvents = 10_000
/** After how much it trims. */
const trimEntries = 32
const trimBytes = 256 * 1024
/** How often a reader looks, as often as the log does. */
const pollMs = 10

/**
 * The same statements by hand, on a connection of the process itself: so many entries in one transaction as came while the last was
 * being stored, and SQLite's own waits for the disk and checkpoints. What Rivulet costs beyond that is its own.
 */
export async function transactionsBatched(address, channel) {
  const { appendMany, ...feed } = await openFeed(address, channel)
  return { append: batched(async (data) => appendMany(data), 256), appendMany, ...feed }
}

/** A transaction for each event, as most would write it. */
export async function oneTransactionEach(address, channel) {
  const { appendMany, ...feed } = await openFeed(address, channel)
  return { append: async (data) => appendMany([data]), ...feed }
}

async function openFeed({ file, synchronous }, channel) {
  const { default: Database } = await import('libsql')
  await makeChannel(file, channel)
  const database = new Database(file)
  database.prepare('PRAGMA busy_timeout = 5000').get()
  database.prepare(`PRAGMA synchronous = ${synchronous}`).all()
  const statements = prepare(database)
  const known = { version: undefined, row: undefined }
  return {
    appendMany: (data) => append(statements, known, channel, data),
    async listen(onData) {
      let { head } = statements.find.get([channel])
      let seen
      setInterval(() => {
        const { data_version: version } = statements.version.get([])
        if (version === seen) return
        seen = version
        const { history } = statements.find.get([channel])
        for (const { offset, body } of statements.behind.all([history, head])) {
          head = offset
          onData(JSON.parse(body).data)
        }
      }, pollMs)
    },
    stored: async () => statements.find.get([channel]).head,
  }
}

/** The layout and the channel's row are the log's own. */
async function makeChannel(file, channel) {
  const { createSqliteLog } = await import('@rivulet/log-sqlite')
  const log = createSqliteLog({ file })
  await log.read(channel, { after: 'head', limit: 0 })
  await log.close()
}

/** As `packages/log-sqlite/src/file` has them. */
function prepare(database) {
  return {
    version: database.prepare('PRAGMA data_version'),
    behind: database.prepare(
      'SELECT offset, body FROM entry WHERE history = ? AND offset > ? ORDER BY offset',
    ),
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    find: database.prepare('SELECT * FROM channel WHERE name = ?'),
    inserts: Array.from({ length: 64 }, (_, n) =>
      n < 16 || n === 63 ? database.prepare(insertOf(n + 1)) : null,
    ),
    before: database.prepare('SELECT "check", bytes FROM entry WHERE history = ? AND offset = ?'),
    oldest: database.prepare(
      'SELECT offset FROM entry WHERE history = ? AND offset < ? ORDER BY offset LIMIT 1',
    ),
    trim: database.prepare('DELETE FROM entry WHERE history = ? AND offset < ?'),
    save: database.prepare(
      `UPDATE channel SET head = ?, head_check = ?, bytes = ?, first = ?, before_check = ?, before_bytes = ?, ended = ?
        WHERE history = ?`,
    ),
  }
}

function insertOf(count) {
  const rows = Array(count).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')
  return `INSERT INTO entry (history, offset, "check", previous, at, bytes, body) VALUES ${rows}`
}

/** As many in one statement as the log stores with one. */
function insertAll(inserts, rows) {
  for (let done = 0; done < rows.length; ) {
    const left = rows.length - done
    const count = left >= 64 ? 64 : Math.min(left, 16)
    inserts[count - 1].run(rows.slice(done, done + count).flat())
    done += count
  }
}

function append({ begin, commit, find, version, inserts, before, oldest, trim, save }, known, channel, data) {
  begin.run([])
  // The row is as it was left, unless somebody else has committed since.
  const { data_version: now } = version.get([])
  if (now !== known.version) Object.assign(known, { version: now, row: find.get([channel]) })
  const { row } = known
  let { head, head_check: check, bytes, first, before_check: beforeCheck, before_bytes: beforeBytes } = row
  const rows = []
  for (const one of data) {
    const entry = entryWith(one)
    const previous = check
    head += 1
    check = entry.check
    bytes += Buffer.byteLength(one)
    rows.push([row.history, head, check, previous, entry.at, bytes, entry.text])
  }
  insertAll(inserts, rows)
  const isTrimDue =
    Math.floor(row.head / trimEntries) < Math.floor(head / trimEntries) ||
    Math.floor(row.bytes / trimBytes) < Math.floor(bytes / trimBytes)
  if (isTrimDue && head - first + 1 > maxEvents) {
    first = head - maxEvents + 1
    const last = before.get([row.history, first - 1])
    beforeCheck = last.check
    beforeBytes = last.bytes
  }
  if (isTrimDue && oldest.get([row.history, first]) !== undefined) trim.run([row.history, first])
  save.run([head, check, bytes, first, beforeCheck, beforeBytes, 0, row.history])
  commit.run([])
  Object.assign(row, {
    head,
    head_check: check,
    bytes,
    first,
    before_check: beforeCheck,
    before_bytes: beforeBytes,
  })
}
