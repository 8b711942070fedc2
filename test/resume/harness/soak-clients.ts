import { get, type IncomingMessage } from 'node:http'
import type { RecordedBlock, RecordedClient, RecordedConnection } from '@rivulet/testing'
import { EventSource } from 'eventsource'
import { createEventSource } from 'eventsource-client'

/** A client that comes back by itself, recording what each of its connections brings. */
export interface SoakClient {
  readonly record: RecordedClient
  /** Payload of the newest event of the channel that it has. */
  readonly newest: string | null
  close(): void
}

type Connect = (lastEventId: string | null) => RecordedConnection

const types = ['tick', '$ready', '$gap', '$cursor', '$end']
export const kinds = ['eventsource', 'eventsource-client', 'node:http'] as const

/** Starts a client of one of the three kinds. */
export function startClient(
  kind: (typeof kinds)[number],
  url: string,
  record: RecordedClient,
  connect: Connect,
): SoakClient {
  let connection: RecordedConnection | null = null
  const client = {
    record,
    newest: null as string | null,
    close: () => {},
  }
  const begin = (lastEventId: string | null) => {
    connection = connect(lastEventId)
  }
  const take = (block: RecordedBlock) => {
    if (block.event === 'tick') client.newest = block.data
    connection?.received(block)
  }
  if (kind === 'eventsource') client.close = startEventSource(url, begin, take)
  else if (kind === 'eventsource-client') client.close = startEventSourceClient(url, begin, take)
  else
    client.close = startPlain(
      url,
      record,
      begin,
      () => connection,
      (newest) => (client.newest = newest),
    )
  return client
}

type Begin = (lastEventId: string | null) => void
type Take = (block: RecordedBlock) => void

function startEventSource(url: string, begin: Begin, take: Take): () => void {
  const source = new EventSource(url, {
    fetch: (input, init) => {
      begin(new Headers(init.headers).get('last-event-id'))
      return fetch(input, init)
    },
  })
  for (const type of types) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      // Its events carry the client's last id; $gap has none of its own.
      take({ event: type, data, ...(type === '$gap' ? {} : { id: lastEventId }) })
    })
  }
  return () => source.close()
}

function startEventSourceClient(url: string, begin: Begin, take: Take): () => void {
  const source = createEventSource({
    url,
    fetch: (input, init) => {
      begin(new Headers(init?.headers).get('last-event-id'))
      return fetch(input, { ...init, body: null })
    },
    onMessage: ({ event = 'message', data, id }) => take({ event, data, id }),
  })
  return () => source.close()
}

/** As the standard says, over `node:http`: comes back at once with the last id. */
function startPlain(
  url: string,
  record: RecordedClient,
  begin: Begin,
  current: () => RecordedConnection | null,
  note: (newest: string) => void,
): () => void {
  let isClosed = false
  let response: IncomingMessage | undefined
  const open = () => {
    if (isClosed) return
    const { lastEventId } = record
    begin(lastEventId)
    const connection = current()
    const again = () => setTimeout(open, 20)
    const request = get(url, {
      agent: false,
      headers: lastEventId === null ? {} : { 'Last-Event-ID': lastEventId },
    })
    request.on('error', again)
    request.on('response', (opened) => {
      request.off('error', again)
      request.on('error', () => {})
      response = opened
      opened.on('data', (bytes: Buffer) => {
        connection?.push(bytes)
        const last = connection?.steps.at(-1)
        if (last?.kind === 'block' && last.block.event === 'tick') note(last.block.data)
      })
      opened.on('error', () => {})
      opened.on('close', again)
    })
  }
  open()
  return () => {
    isClosed = true
    response?.destroy()
  }
}
