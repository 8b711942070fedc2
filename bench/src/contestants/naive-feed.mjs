import { once } from 'node:events'
import { tokens } from '../payload.mjs'
import { streamHeaders } from './listen.mjs'

/**
 * What people write: a set of responses, and a loop of `res.write` of a template string. Events are made JSON once, not for
 * each client, which not everybody thinks of.
 */
export function createNaiveFeed({ sse: { heartbeatMs } = {} }) {
  const responses = new Set()
  const history = []
  if (heartbeatMs !== undefined) {
    setInterval(() => {
      for (const response of responses) response.write(':\n\n')
    }, heartbeatMs)
  }
  return {
    handlers: {
      events(request, response) {
        begin(response)
        const lastEventId = request.headers['last-event-id']
        if (lastEventId !== undefined) {
          const last = Number(lastEventId)
          for (const { n, data } of history) {
            if (n > last) response.write(`id: ${n}\ndata: ${data}\n\n`)
          }
        }
        responses.add(response)
        response.on('close', () => responses.delete(response))
      },
      async tokens(_request, response, count) {
        begin(response)
        for await (const token of tokens(count)) {
          const hasRoom = response.write(`data: ${JSON.stringify(token)}\n\n`)
          if (!hasRoom) await once(response, 'drain')
        }
      },
      open(_request, response) {
        begin(response)
      },
    },
    publish(events) {
      for (const event of events) {
        const data = JSON.stringify(event)
        for (const response of responses) response.write(`id: ${event.n}\ndata: ${data}\n\n`)
      }
    },
    /** Events that clients come back for. @returns the id that the first of them has. */
    prepare(events) {
      for (const event of events) history.push({ n: event.n, data: JSON.stringify(event) })
      return String(events[0].n)
    },
  }
}

function begin(response) {
  response.writeHead(200, streamHeaders)
  response.write('retry: 3000\n\n')
}
