import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { listen } from './listen.mjs'

/** It has no channels: a set and a loop. */
export async function start() {
  const streams = new Set()
  const app = new Hono()
  app.get('/events', (context) =>
    streamSSE(context, async (stream) => {
      // The head goes out with the first bytes.
      await stream.write(':\n\n')
      streams.add(stream)
      await new Promise((resolve) => stream.onAbort(resolve))
      streams.delete(stream)
    }),
  )
  return {
    port: await listen(createAdaptorServer({ fetch: app.fetch })),
    publish(events) {
      for (const event of events) {
        const data = JSON.stringify(event)
        for (const stream of streams) stream.writeSSE({ id: String(event.n), data })
      }
    },
  }
}
