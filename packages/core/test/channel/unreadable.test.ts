import type { EventLog } from '@rivulet/core'
import { makeChannel, publishAll, serve } from './live.ts'
import { wrapRead } from './wrapped-log.ts'

/** A log that answers no `read` before it is opened. */
function gatedLog(): { log: EventLog; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const log = wrapRead((read) => async (...args) => {
    await opened
    return read(...args)
  })
  return { log, open }
}

describe.each([undefined, 'the secret of this test'])(
  'an unreadable id (cursorSecret: %s)',
  (cursorSecret) => {
    test('is told for every channel, also to a client that was cut off when only some had opened', async () => {
      const { log, open } = gatedLog()
      const prompt = makeChannel()
      const slow = makeChannel({ log })
      await publishAll(prompt, ['p1'])
      await publishAll(slow, ['s1'])
      const server = await serve(
        (stream) => {
          stream.subscribe(prompt)
          stream.subscribe(slow)
        },
        { cursorSecret },
      )
      const first = server.connect('not-ours')
      await first.hasData(1)
      expect(first.control).toEqual(['$gap', '$ready'])
      first.leave()
      open()
      const second = server.connect(first.lastEventId)
      await second.has('$ready', 2)
      await publishAll(slow, ['s2'])
      await second.until(({ data }) => data.at(-1) === 's2')
      expect(second.json('$gap')).toEqual({ channel: slow.name, reason: 'unknown', missed: null })
      expect(second.data).toEqual(['s1', 's2'])
      const third = server.connect(second.lastEventId)
      await third.has('$ready', 2)
      expect(third.control).toEqual(['$ready', '$ready'])
    })
  },
)
