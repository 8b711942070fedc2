import type { EventStream } from '@rivulet/core'
import { type ExpressSse, sse } from '@rivulet/express'
import express5, { type Response as Response5 } from 'express'
import express4, { type Response as Response4 } from 'express-4'

/** Checked by the compiler: importing the package is all that it takes, with the types of Express 4 and of Express 5. */
const events: ExpressSse = sse({ heartbeatMs: 1_000 })

function open(response: Response4 | Response5): EventStream[] {
  const byOptions: EventStream = response.sse({ status: 201 })
  const byHandler: EventStream = response.sse(async (stream) => {
    stream.send({ data: { n: 1 } })
  })
  const byBoth = response.sse((stream) => stream.end(), { retryMs: 500 })
  // @ts-expect-error There is no such option.
  response.sse({ heartbeat: 1 })
  // @ts-expect-error A handler comes first.
  response.sse({ status: 200 }, () => {})
  // @ts-expect-error Sets are seen, not changed.
  events.streams.clear()
  return [byOptions, byHandler, byBoth]
}

const app4 = express4()
app4.use(events)
app4.get('/', events, (_request, response) => {
  response.sse()
})
express4.Router().use('/events', events)

const app5 = express5()
app5.use(events)
app5.get('/', events, (_request, response) => {
  response.sse().end()
})
express5.Router().use('/events', events)

test('the types are those of both majors', () => {
  expect(open).toBeInstanceOf(Function)
})
