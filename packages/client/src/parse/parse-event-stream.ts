import type { AnyEvents } from '@rivulet/core'
import { ClientError } from '../client-error.ts'
import { parseData, type ReceivedEvent } from '../events.ts'
import { BlockParser, defaultMaxEventLength } from './block-parser.ts'
import { readWebStream } from './web-stream.ts'

/** A body: a web stream, a Node stream, or any iterable of bytes. */
export type EventStreamBody = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export interface ParseOptions {
  /** The last event id that the events begin with. Default: none. */
  readonly lastEventId?: string | undefined
  /** Longest event with its field names, in UTF-16 units. Default 16 Mi. */
  readonly maxEventLength?: number | undefined
}

/**
 * The events of a response that you already have, one at a time, ending with the body. Nothing is read ahead of what you take, so
 * a slow loop slows the sender; leaving the loop cancels the body.
 *
 * ```ts
 * const response = await fetch(url, { method: 'POST', body })
 * for await (const { event, data } of parseEventStream(response.body)) …
 * ```
 *
 * An event that the body ends in the middle of is none, as the standard says.
 *
 * @throws ClientError `ERR_SSE_CLIENT_OPTION` for something that is no body, `ERR_SSE_CLIENT_TOO_LARGE`; and what the body throws.
 */
export async function* parseEventStream<Events = AnyEvents>(
  body: EventStreamBody | null,
  { lastEventId = '', maxEventLength = defaultMaxEventLength }: ParseOptions = {},
): AsyncGenerator<ReceivedEvent<Events>, void, undefined> {
  const parser = new BlockParser(lastEventId, maxEventLength)
  for await (const bytes of bytesOf(body)) {
    for (const block of parser.push(bytes)) {
      // What the server sends under a type is the caller's word.
      if (typeof block === 'object') yield { ...block, data: parseData(block.data) } as ReceivedEvent<Events>
    }
  }
}

/** The chunks of a body; leaving the loop cancels it. */
function bytesOf(body: EventStreamBody | null): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof body === 'object' && body !== null) {
    if ('getReader' in body) return readWebStream(body)
    if (Symbol.asyncIterator in body || Symbol.iterator in body) return body
  }
  throw new ClientError(
    'ERR_SSE_CLIENT_OPTION',
    'There is no body to read: pass a web stream, a Node stream or an iterable of bytes.',
  )
}
