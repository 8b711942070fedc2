import { type Channel, type ChannelOptions, createChannel, createMemoryLog } from '@rivulet/core'
import { type LiveServer, serveStreams } from './live-server.ts'

const open: { close(): unknown }[] = []
let channelCount = 0

/** A server that is closed after the test. */
export async function serve(...args: Parameters<typeof serveStreams>): Promise<LiveServer> {
  const server = await serveStreams(...args)
  open.push(server)
  return server
}

/** A channel of its own log, closed after the test. */
export function makeChannel(options: ChannelOptions = {}, name?: string): Channel {
  channelCount += 1
  const channel = createChannel(name ?? `channel ${channelCount}`, { log: createMemoryLog(), ...options })
  open.push(channel)
  return channel
}

/** Publishes one event per payload. */
export async function publishAll(channel: Channel, all: readonly unknown[], topics?: readonly string[]) {
  const ids: string[] = []
  for (const data of all) ids.push((await channel.publish({ data, ...(topics ? { topics } : {}) })).id)
  return ids
}

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})
