import {
  type ClientError,
  type Connection,
  type ConnectOptions,
  connect,
  type ReceivedEvent,
} from '@rivulet/client'
import { createEventSource, type EventSourceLike, type EventSourceOptions } from '@rivulet/client/eventsource'

/** How long something that must not happen is given to happen, where retries take at most 20 ms. */
const settleMs = 120

/** Connects with short times. */
export function open(url: string, options: ConnectOptions = {}): Connection {
  return connect(url, { retryMs: 5, maxRetryMs: 20, ...options })
}

/** Takes so many events, and leaves the loop, which closes the connection. */
export async function take(connection: Connection, count: number): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  for await (const event of connection) {
    events.push(event)
    if (events.length === count) break
  }
  return events
}

/** Payloads of the next events, for which it connects. */
export async function takeData(url: string, count: number, options?: ConnectOptions): Promise<unknown[]> {
  return (await take(open(url, options), count)).map(({ data }) => data)
}

/** What a loop throws, as far as it is JSON. */
export interface Thrown {
  readonly code?: string
  readonly status?: number | undefined
}

export async function failureOf(work: Promise<unknown>): Promise<Thrown | null> {
  try {
    await work
    return null
  } catch (error) {
    const { code, status } = error as ClientError // what else it threw has neither
    return { code, status }
  }
}

export function openSource(url: string, options: EventSourceOptions = {}): EventSourceLike {
  return createEventSource(url, { retryMs: 5, maxRetryMs: 20, ...options })
}

/** What happens to a source, with its state then: `message(data) 1`. Closes it behind so much. */
export function watchSource(
  source: EventSourceLike,
  count: number,
  types: readonly string[] = ['message'],
): Promise<string[]> {
  const seen: string[] = []
  return new Promise((resolve) => {
    const note = (what: string) => {
      seen.push(`${what} ${source.readyState}`)
      if (seen.length < count) return
      source.close()
      resolve(seen)
    }
    for (const type of types) source.addEventListener(type, ({ data }) => note(`${type}(${String(data)})`))
    source.addEventListener('open', () => note('open'))
    source.addEventListener('error', () => note('error'))
  })
}

/** What a source tells until it is closed, and for a while behind that. */
export async function watchUntilClosed(source: EventSourceLike): Promise<string[]> {
  const seen: string[] = []
  for (const type of ['open', 'message'] as const) source.addEventListener(type, () => seen.push(type))
  await new Promise<void>((resolve) => {
    source.addEventListener('error', () => {
      seen.push(`error ${source.readyState}`)
      if (source.readyState === source.CLOSED) resolve()
    })
  })
  await settle()
  return seen
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs))
}
