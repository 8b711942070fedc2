import { createChannel } from '@rivulet/core'
import { checkLength, randomText } from '@rivulet/core/log-kit'

/**
 * Rivulet over an engine, as scenarios use it. `isLogAlone`: without the channel, which checks events, bounds the time and makes ids.
 *
 * @param {import('./engine.mjs').LogContestant} contestant
 * @returns {Promise<import('./engine.mjs').Feed & { log: import('@rivulet/core').EventLog, channel: import('@rivulet/core').Channel }>}
 */
export async function openRivulet(contestant, address, name, isLogAlone) {
  const log = await contestant.open(address)
  const channel = createChannel(name, { log })
  return {
    log,
    channel,
    append: isLogAlone ? (data) => log.append(name, entryOf(data)) : (data) => channel.publish({ data }),
    appendTo: (other) => log.append(other, entryOf('"event"')),
    listen: (onData) => follow(log, name, onData),
    stored: async () => (await log.read(name, { after: 'head', limit: 0 })).head,
  }
}

function entryOf(data) {
  return { v: 1, kind: 'event', data, topics: [], at: Date.now(), check: randomText(checkLength) }
}

/** Follows a channel of a log from now on; what goes wrong is thrown where nobody catches it. */
export async function follow(log, name, onData) {
  const { signal } = new AbortController()
  const { after } = await log.read(name, { after: 'head', limit: 0 })
  log.tail(
    name,
    { after, signal },
    {
      entries(entries) {
        for (const { data } of entries) onData(data)
      },
      reset() {
        throw new Error(`Channel ${name} has lost its history`)
      },
      error(error) {
        throw error
      },
    },
  )
}
