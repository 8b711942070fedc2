import { CollectedEvent } from './collected-event.ts'

const lf = 0x0a
const bom = '\uFEFF'
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads an event stream as the standard says, and notes whatever a server should not have written: bytes that clients
 * ignore, read otherwise than they look, or read in different ways.
 *
 * A server that is right ends lines with LF, so lines are looked for there; a CR inside is a problem and a line end.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class StreamParser {
  readonly events: CollectedEvent[] = []
  readonly comments: string[] = []
  readonly problems: string[] = []
  retryMs: number | null = null
  lastEventId = ''
  /** `onEvent` has said stop: nothing more is read. */
  isStopped = false
  readonly #onEvent: (event: CollectedEvent) => boolean
  /** The beginning of a line whose end has not come. */
  #partial: Buffer[] = []
  #lineNumber = 0
  #block = new Block()

  /** @param onEvent Called with each event once it is in `events`; `true` ends the parsing right after it. */
  constructor(onEvent: (event: CollectedEvent) => boolean) {
    this.#onEvent = onEvent
  }

  /** @returns how many of the bytes were read: all, or those up to the block at which `onEvent` said stop */
  push(chunk: Buffer): number {
    let start = 0
    for (let end = chunk.indexOf(lf); end !== -1; end = chunk.indexOf(lf, start)) {
      const line = Buffer.concat([...this.#partial, chunk.subarray(start, end)])
      this.#partial = []
      start = end + 1
      this.#takeLine(line)
      if (this.isStopped) return start
    }
    if (start < chunk.length) this.#partial.push(chunk.subarray(start))
    return chunk.length
  }

  /** The server has ended the stream: what is unfinished will never be dispatched. */
  end(): void {
    if (this.#partial.length > 0 || !this.#block.isEmpty) {
      this.#report('the stream ended inside a block, which clients then discard')
    }
  }

  #takeLine(bytes: Buffer): void {
    this.#lineNumber += 1
    const text = this.#decode(bytes)
    if (text.includes('\r')) this.#report('a line ends in CR, which some clients wait behind for ever')
    for (const line of text.replace(/\r$/, '').split('\r')) {
      if (!this.isStopped) this.#readLine(line)
    }
  }

  #decode(bytes: Buffer): string {
    try {
      return utf8.decode(bytes)
    } catch {
      this.#report('not UTF-8')
      return bytes.toString('utf8')
    }
  }

  #readLine(line: string): void {
    if (this.#lineNumber === 1 && line.startsWith(bom)) {
      this.#report('the stream begins with a byte order mark')
      this.#readLine(line.slice(bom.length))
      return
    }
    if (line === '') {
      this.#endBlock()
      return
    }
    this.#block.isEmpty = false
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    this.#readField(name, value)
  }

  #readField(name: string, value: string): void {
    const block = this.#block
    if (name === '') {
      this.comments.push(value)
    } else if (name === 'data') {
      block.data.push(value)
    } else if (name === 'event') {
      if (block.event !== undefined) this.#report('a second event type in one block')
      block.event = value
    } else if (name === 'id') {
      if (block.id !== undefined) this.#report('a second id in one block')
      if (value.includes('\0')) this.#report('an id with NUL, which clients ignore')
      else block.id = value
    } else if (name === 'retry') {
      if (/^[0-9]+$/.test(value)) this.retryMs = block.retry = Number(value)
      else this.#report(`retry is ${JSON.stringify(value)}, no whole number`)
    } else {
      this.#report(`there is no field ${JSON.stringify(name.slice(0, 40))}`)
    }
  }

  #endBlock(): void {
    const { isEmpty, data, event, id, retry } = this.#block
    this.#block = new Block()
    if (isEmpty) this.#report('a blank line that ends no block')
    if (id !== undefined) this.lastEventId = id
    if (data.length === 0) {
      if (id !== undefined) this.#report('an id without data, which half of the clients forget')
      else if (event !== undefined) this.#report('an event without data, which no client dispatches')
      return
    }
    const collected = new CollectedEvent({ event: event || 'message', data: data.join('\n'), id, retry })
    this.events.push(collected)
    this.isStopped = this.#onEvent(collected)
  }

  #report(problem: string): void {
    this.problems.push(`line ${this.#lineNumber}: ${problem}`)
  }
}

/** What has come of the block that is being read. */
class Block {
  isEmpty = true
  readonly data: string[] = []
  event: string | undefined
  id: string | undefined
  retry: number | undefined
}
