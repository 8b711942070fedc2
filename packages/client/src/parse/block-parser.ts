import { createParser } from 'eventsource-parser'
import { ClientError } from '../client-error.ts'
import { maxTimerMs } from '../max-timer-ms.ts'

/** One block of a stream that has data. */
export interface ParsedBlock {
  /** `message` where the block has no type. */
  readonly event: string
  readonly data: string
  /** What the client has to bring back when it connects again: of this block, or of the last one that had an id. */
  readonly lastEventId: string
}

/** Longest block of a stream, in UTF-16 units, unless it is told otherwise. */
export const defaultMaxEventLength = 2 ** 24

/** An id field; one with NUL is ignored, as the standard says. */
const idLine = /^id(?:: ?([^\0]*))?$/

const blockEnd = '\n\n'

/**
 * Parses the bytes of one response, cut anywhere.
 *
 * The parser gets whole blocks, one at a time: so it is known which of them dispatched nothing. Their ids count all the same, which
 * parsers forget.
 */
export class BlockParser {
  readonly #decoder = new TextDecoder()
  readonly #maxEventLength: number
  readonly #parser: ReturnType<typeof createParser>
  #lastEventId: string
  #endedByReturn = false
  /** The block that has begun, in the pieces it came in: none is empty, and no block ends in them. */
  #pieces: string[] = []
  #length = 0
  /** What the last block has dispatched. */
  #found: ParsedBlock | undefined

  /** @param maxEventLength Of a block with its field names, in UTF-16 units. @param onRetry Told reconnection times, in milliseconds. */
  constructor(lastEventId: string, maxEventLength: number, onRetry?: (retryMs: number) => void) {
    this.#lastEventId = lastEventId
    this.#maxEventLength = maxEventLength
    this.#parser = createParser({
      onEvent: ({ event = 'message', data, id = this.#lastEventId }) => {
        this.#lastEventId = id
        this.#found = { event, data, lastEventId: id }
      },
      onRetry: (retryMs) => onRetry?.(Math.min(retryMs, maxTimerMs)),
    })
    // The decoder takes the byte order mark off; the parser must not look for a second one.
    this.#parser.feed('')
  }

  get lastEventId(): string {
    return this.#lastEventId
  }

  /**
   * What the bytes complete: blocks, and, as text, ids that come without one.
   *
   * @throws ClientError `ERR_SSE_CLIENT_TOO_LARGE`, behind what came before: nothing more may be pushed then
   */
  *push(bytes: Uint8Array): Generator<ParsedBlock | string, void> {
    const text = this.#withLineFeeds(this.#decoder.decode(bytes, { stream: true }))
    if (text === '') return
    const endsLine = this.#pieces.at(-1)?.endsWith('\n') === true
    this.#pieces.push(text)
    this.#length += text.length
    if (text.includes(blockEnd) || (endsLine && text.startsWith('\n'))) {
      const blocks = this.#pieces.join('').split(blockEnd)
      const rest = blocks.pop() ?? ''
      this.#pieces = rest === '' ? [] : [rest]
      this.#length = rest.length
      for (const block of blocks) {
        this.#limit(block.length)
        this.#found = undefined
        this.#parser.feed(block + blockEnd)
        const found = this.#found ?? this.#bareId(block)
        if (found !== undefined) yield found
      }
    }
    this.#limit(this.#length)
  }

  /**
   * Makes LF of every end of a line, over any cuts: CRLF, CR and LF. A CR at the end of what has come ends its line at once, and an
   * LF that follows it later is left out: nothing waits for bytes that may never come.
   *
   * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
   */
  #withLineFeeds(text: string): string {
    if (text === '') return text
    const rest = this.#endedByReturn && text.startsWith('\n') ? text.slice(1) : text
    this.#endedByReturn = text.endsWith('\r')
    return rest.replace(/\r\n?/g, '\n')
  }

  #bareId(block: string): string | undefined {
    let id: string | undefined
    for (const line of block.split('\n')) {
      const found = idLine.exec(line)
      if (found !== null) this.#lastEventId = id = found[1] ?? ''
    }
    return id
  }

  #limit(length: number): void {
    const max = this.#maxEventLength
    if (length > max) throw new ClientError('ERR_SSE_CLIENT_TOO_LARGE', `An event is longer than ${max}.`)
  }
}
