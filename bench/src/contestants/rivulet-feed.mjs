import { createChannel } from '@rivulet/core'
import { tokens } from '../payload.mjs'

/** What the Rivulet contestants have in common; `open` gives the stream of a framework's request. */
export function createFeed(open) {
  const channel = createChannel('bench')
  return {
    handlers: {
      async events(request, response, topic) {
        const stream = await open(request, response)
        stream.subscribe(channel, topic === undefined ? {} : { topics: [topic] })
      },
      async tokens(request, response, count) {
        const stream = await open(request, response)
        await stream.pipe(tokens(count))
      },
      open,
    },
    publish(events, topic) {
      const topics = topic === undefined ? [] : [topic]
      for (const event of events) channel.publish({ data: event, topics })
    },
    async prepare([first, ...events]) {
      const { id } = await channel.publish({ data: first })
      for (const event of events) await channel.publish({ data: event })
      return id
    },
  }
}
