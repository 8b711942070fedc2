/** What the three Rivulet contestants have in common: one channel, and a subscription for each stream. */
export function createFeed(createChannel) {
  const channel = createChannel('bench')
  return {
    /** @param {string | undefined} topic */
    subscribe(stream, topic) {
      stream.subscribe(channel, topic === undefined ? {} : { topics: [topic] })
    },
    publish(events, topic) {
      const topics = topic === undefined ? [] : [topic]
      for (const event of events) channel.publish({ data: event, topics })
    },
  }
}
