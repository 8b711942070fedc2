// A database file open in a process of its own: runs what it is sent.
const { createRequire } = require('node:module')
const file = process.argv[2]

function openDatabase() {
  const builtin = process.getBuiltinModule('node:sqlite')
  if (builtin !== undefined) return new builtin.DatabaseSync(file)
  const Database = createRequire(__filename)('libsql')
  return new Database(file)
}

const database = openDatabase()
database.exec('PRAGMA busy_timeout = 5000')

process.on('message', (sql) => {
  try {
    if (/^\s*(SELECT|PRAGMA)/i.test(sql)) {
      process.send({ rows: database.prepare(sql).all() })
    } else {
      database.exec(sql)
      process.send({})
    }
  } catch (error) {
    process.send({ error: error.message })
  }
})
process.on('disconnect', () => process.exit())
process.send('ready')
