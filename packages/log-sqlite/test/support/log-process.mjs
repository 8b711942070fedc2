// A log in a process of its own: appends what it is told to, and says of each entry when it is stored.
import { createSqliteLog } from '@rivulet/log-sqlite'

const log = createSqliteLog({ file: process.argv[2] })
let checkCount = 0

process.on('message', async ({ channel, prefix, count, width, idempotencyKey }) => {
  let next = 0
  const appendOn = async () => {
    while (next < count) {
      const data = `${prefix} ${next}`
      next += 1
      checkCount += 1
      const check = checkCount.toString(36).padStart(4, '0').slice(-4)
      const entry = { v: 1, kind: 'event', data, topics: [], at: Date.now(), check }
      process.send({ data, position: await log.append(channel, entry, { idempotencyKey }) })
    }
  }
  await Promise.all(Array.from({ length: width }, appendOn))
})
process.on('disconnect', () => process.exit())
process.send('ready')
