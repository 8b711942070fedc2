import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { type CloseReason, createSse, type StreamCloseMessage } from '../../../packages/core/src/index.ts'

/** What it says, a line each. */
export type Line =
  | 'listening'
  | 'two streams'
  | 'no connections'
  | `${'young' | 'old'} closed: ${CloseReason}`

// A server on the address of its first argument, which says on its output what happens to its streams.
const sse = createSse({ heartbeatMs: 200, stallMs: false })
subscribe('rivulet:stream.close', (message) => {
  const { stream, reason } = message as StreamCloseMessage // documented for the channel
  say(`${stream.context === 'young' ? 'young' : 'old'} closed: ${reason}`)
})
const server = createServer((request, response) => {
  if (request.url === '/young') sse.open(request, response, { maxAgeMs: 3_500, context: 'young' })
  else sse.open(request, response, { maxAgeMs: false, context: 'old' })
  if (sse.streams.size === 2) say('two streams')
})
server.listen(8080, process.argv[3], () => say('listening'))

setInterval(() => {
  server.getConnections((_, count) => {
    if (count === 0 && sse.streams.size === 0) say('no connections')
  })
}, 100)

function say(line: Line): void {
  process.stdout.write(`${line}\n`)
}
