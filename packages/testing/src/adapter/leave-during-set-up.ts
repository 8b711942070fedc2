import { once } from 'node:events'
import type { EventStream, StreamHandler } from '@rivulet/core'
import type { AdapterRoute } from './adapter-harness.ts'
import { Inbox } from './inbox.ts'
import type { Trial } from './trial.ts'
import { within } from './within.ts'

/** What was seen of a stream that was closed before it could be used. */
export interface Outcome {
  readonly stream: EventStream
  readonly handlerRuns: number
}

/** A client that leaves while the route still waits for something, such as a database. */
export async function leaveDuringSetUp(trial: Trial, withHandler: boolean): Promise<Outcome> {
  const arrived = new Inbox<void>('the request')
  const outcomes = new Inbox<Outcome>('a stream to be opened')
  let handlerRuns = 0
  const handler: StreamHandler = () => {
    handlerRuns += 1
  }
  const route: AdapterRoute = async ({ response, open }) => {
    arrived.put()
    await within(once(response, 'close'), 'the client to leave')
    const stream = await (withHandler ? open(handler) : open())
    outcomes.put({ stream, handlerRuns })
  }
  const server = await trial.start({ '/': route })
  const client = server.request('/')
  await arrived.take()
  client.leave()
  return await outcomes.take()
}
