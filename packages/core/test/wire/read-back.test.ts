import fc from 'fast-check'
import { EventSource as UndiciEventSource } from 'undici'
import { launchChromium, openPage } from '../../../../test/support/chromium.ts'
import { needs } from '../../../../test/support/needs.ts'
import type { EventFields } from '../../src/index.ts'
import { type SseServer, serve, still } from '../sse/sse-server.ts'
import { asReceived, asUtf8, hostileText, oneLine } from './hostile-text.ts'

/** What a client says of one event. */
interface Received {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

// Few names, because a client listens by name; as odd as names can be.
const names = [
  'message',
  ' leading',
  'trailing ',
  'ünï',
  'data',
  'id: x',
  ':',
  '\uFEFF',
  'a:b',
  '\u2028',
  '__proto__',
]
const event: fc.Arbitrary<EventFields> = fc.record(
  {
    event: fc.constantFrom(...names),
    data: fc.oneof({ weight: 4, arbitrary: hostileText }, { weight: 1, arbitrary: fc.jsonValue() }),
    id: fc.oneof(
      fc.nat(),
      oneLine.filter((id) => !id.endsWith('.end')),
    ),
    retry: fc.nat({ max: 100_000 }),
  },
  { requiredKeys: ['data'] },
)
const seed = Math.floor(Math.random() * 2 ** 31)
const events = fc.sample(fc.tuple(event, hostileText), { numRuns: 500, seed })

function expected(): Received[] {
  let lastEventId = ''
  return events.map(([{ event: type = 'message', data, id }]) => {
    if (id !== undefined) lastEventId = asUtf8(String(id))
    const text = typeof data === 'string' ? asReceived(data) : JSON.stringify(data)
    return {
      type: asUtf8(type),
      data:
        typeof data === 'string'
          ? text
          : text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029'),
      lastEventId,
    }
  })
}

/** Serves an empty page, and the events with a comment of hostile text before each. */
function serveEvents(): Promise<SseServer> {
  return serve(
    async (request, response, sse) => {
      if (request.url !== '/events') {
        response.setHeader('Content-Type', 'text/html')
        response.end('<link rel="icon" href="data:," />')
        return
      }
      const stream = sse.open(request, response)
      await stream.pipe(events, ([fields, comment]) => {
        stream.comment(comment)
        return fields
      })
      stream.end()
    },
    { ...still, unsafeIds: true },
  )
}

test("S42: undici's EventSource reads back what was sent", async () => {
  const { origin } = await serveEvents()
  const received: Received[] = []
  const source = new UndiciEventSource(`${origin}/events`)
  await new Promise<void>((resolve, reject) => {
    const note = ({ type, data, lastEventId }: { type: string; data: string; lastEventId: string }) =>
      received.push({ type, data, lastEventId })
    for (const name of names) source.addEventListener(name, (message) => note(message as MessageEvent))
    source.addEventListener('$end', () => resolve())
    source.onerror = () => reject(new Error('the stream broke'))
  }).finally(() => source.close())
  expect({ seed, received }).toEqual({ seed, received: expected() })
})

needs('chromium').test('S42: Chromium reads back what was sent', async () => {
  const { origin } = await serveEvents()
  const browser = await launchChromium(needs('chromium').path)
  try {
    const { page, complaints } = await openPage(browser, origin)
    const received = await page.evaluate(
      `new Promise((resolve, reject) => {
        const received = []
        const source = new EventSource('/events')
        for (const name of ${JSON.stringify(names)}) {
          source.addEventListener(name, ({ type, data, lastEventId }) => received.push({ type, data, lastEventId }))
        }
        source.addEventListener('$end', () => { source.close(); resolve(received) })
        source.onerror = () => reject(new Error('the stream broke'))
      })`,
    )
    expect({ seed, received, complaints }).toEqual({ seed, received: expected(), complaints: [] })
  } finally {
    await browser.close()
  }
})
