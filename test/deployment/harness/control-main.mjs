// One node of the guide's recipe: `node control-main.mjs <folder of control.mjs> <port of Redis>`. Says its port, then serves.
// GET /stream?user= is a stream; POST /close?user= closes that user's streams on every node.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, redisPort] = process.argv.slice(2)
const base = pathToFileURL(`${folder}/`)
const { joinControl } = await import(new URL('control.mjs', base).href)
const require = createRequire(base)
const { createSse } = require('@rivulet/core')
const { createRedisLog } = require('@rivulet/log-redis')
const { Redis } = require('ioredis')

const log = createRedisLog({ client: new Redis({ port: Number(redisPort), host: '127.0.0.1' }) })
const events = createSse()
const { closeUser } = await joinControl({ log, events })

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://node')
  const user = searchParams.get('user')
  if (pathname === '/stream') {
    events.open(request, response, { context: { user } })
    return
  }
  await closeUser(user)
  response.end()
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
