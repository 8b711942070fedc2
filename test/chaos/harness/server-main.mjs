// One server process of a chaos run: `node server-main.mjs <settings as JSON>`. Says "listening" once it serves; is killed.
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { createChannel as createForExpress, sse as expressSse } from '@rivulet/express'
import { createChannel as createForFastify, sse as fastifySse } from '@rivulet/fastify'
import express from 'express'
import fastify from 'fastify'

const { openLogFile, engine, framework, port, channelName, retention, stream } = JSON.parse(
  process.argv[2] ?? '',
)
const { openLog } = await import(pathToFileURL(openLogFile).href)
const { log } = await openLog(engine)

if (framework === 'express') {
  const channel = createForExpress(channelName, { log, retention })
  const app = express()
  app.use(expressSse(stream))
  app.get('/', (_request, response) => {
    response.sse().subscribe(channel)
  })
  const server = createServer(app)
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
} else {
  const channel = createForFastify(channelName, { log, retention })
  const app = fastify()
  await app.register(fastifySse, stream)
  app.get('/', async (_request, reply) => {
    const opened = await reply.sse()
    opened.subscribe(channel)
  })
  await app.listen({ port, host: '127.0.0.1' })
}
console.log('listening')
