import { createParser } from 'eventsource-parser'
import { ClientError } from '../client-error.ts'
import { BareIds } from './bare-ids.ts'
import { LineFeeds } from './line-feeds.ts'

/** One block of a stream that has data. */
export interface ParsedBlock {
  /** `message` where the block has no type. */
  readonly event: string
  readonly data: string
  /** What the client has to bring back when it connects again: of this block, or of the last one that had an id. */
  readonly lastEventId: string
}

export interface BlockHandlers {
  block(block: ParsedBlock): void
  /** A reconnection time in milliseconds. */
  retry?(retryMs: number): void
  /** The last event id changed without an event. */
  bareId?(id: string): void
}

/** Longest data of one event, in UTF-16 units, unless it is told otherwise. */
export const defaultMaxEventLength = 2 ** 24

/** What Node's and browsers' timers can wait, in milliseconds. */
const maxRetryMs = 2 ** 31 - 1

/** Parses the bytes of one response, cut anywhere. */
export class BlockParser {
  readonly #decoder = new TextDecoder()
  readonly #lineFeeds = new LineFeeds()
  readonly #bareIds = new BareIds()
  readonly #handlers: BlockHandlers
  readonly #parser: ReturnType<typeof createParser>
  #lastEventId: string
  #failure: ClientError | null = null

  /** @param maxEventLength Of the data of one event, in UTF-16 units. */
  constructor(handlers: BlockHandlers, lastEventId: string, maxEventLength: number) {
    this.#handlers = handlers
    this.#lastEventId = lastEventId
    this.#parser = createParser({
      // It counts what is around the data too; the data itself is looked at below.
      maxBufferSize: maxEventLength + 64,
      onEvent: ({ event = 'message', data, id }) => {
        // The parser's own limit is for what it keeps; this came whole.
        if (data.length > maxEventLength) this.#failure = tooLarge(maxEventLength)
        if (this.#failure !== null) return
        if (id !== undefined) this.#lastEventId = id
        handlers.block({ event, data, lastEventId: this.#lastEventId })
      },
      onRetry: (retryMs) => handlers.retry?.(Math.min(retryMs, maxRetryMs)),
      onError: ({ type }) => {
        // All else that is wrong with a line makes it one to be ignored, as the standard says.
        if (type === 'max-buffer-size-exceeded') this.#failure = tooLarge(maxEventLength)
      },
    })
    // The decoder takes the byte order mark off; the parser must not look for a second one.
    this.#parser.feed('')
  }

  get lastEventId(): string {
    return this.#lastEventId
  }

  /** @returns what is wrong, behind what came before it: nothing more may be pushed then */
  push(bytes: Uint8Array): ClientError | null {
    const text = this.#lineFeeds.next(this.#decoder.decode(bytes, { stream: true }))
    for (const { text: piece, id } of this.#bareIds.split(text)) {
      this.#parser.feed(piece)
      if (this.#failure !== null) break
      if (id === null) continue
      this.#lastEventId = id
      this.#handlers.bareId?.(id)
    }
    return this.#failure
  }
}

function tooLarge(maxEventLength: number): ClientError {
  return new ClientError('ERR_SSE_CLIENT_TOO_LARGE', `An event is longer than ${maxEventLength}.`)
}
