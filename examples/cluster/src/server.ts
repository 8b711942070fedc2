import { createServer } from 'node:http'
import { createNode } from './app.js'

// One node; `npm start` runs two of these. In production your service manager does, with these variables.
const { NODE_NAME = 'one', DATABASE_URL = '', REDIS_URL = '' } = process.env
const port = Number(process.env.PORT ?? 3001)
/** Give deploys more: with many pages open, a longer grace spreads their return over the other nodes. */
const graceMs = 500

let isEnding = false
const node = await createNode({
  name: NODE_NAME,
  databaseUrl: DATABASE_URL,
  redisUrl: REDIS_URL,
  report: (words) => {
    if (!isEnding) console.error(words)
  },
})
const server = createServer(node.app).listen(port, '127.0.0.1')

async function shutDown(): Promise<void> {
  if (isEnding) return
  isEnding = true
  server.close()
  await node.close({ graceMs })
  process.exit()
}

process.once('SIGTERM', shutDown)
process.once('SIGINT', shutDown)
