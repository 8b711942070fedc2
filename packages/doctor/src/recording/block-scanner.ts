/** One block of an event stream: the lines up to a blank one. */
export interface Block {
  /** `event`: has data, so a client hears of it. `comment`: nothing but comments. `fields`: a retry or an id alone. */
  readonly kind: 'event' | 'comment' | 'fields'
  readonly event: string
  readonly data: string
  readonly id: string | null
  readonly retryMs: number | null
  readonly comment: string
  /** Characters, line ends included. */
  readonly size: number
}

/** What is wrong with a line. */
export type LineFault =
  | 'unknown field'
  | 'invalid retry'
  | 'NUL in id'
  | 'CR'
  | 'CRLF'
  | 'invalid UTF-8'
  | 'BOM inside'

export interface ScannerListener {
  onBlock(block: Block): void
  /** `line` is the line, or what of it matters. */
  onFault(fault: LineFault, line: string): void
}

interface Draft {
  readonly data: string[]
  readonly comments: string[]
  event: string
  id: string | null
  retryMs: number | null
  size: number
  lineCount: number
}

function emptyDraft(): Draft {
  return { data: [], comments: [], event: '', id: null, retryMs: null, size: 0, lineCount: 0 }
}

/**
 * Reads an event stream by the standard, piece by piece, and says what a stream should not have.
 *
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class BlockScanner {
  /** Whether the stream began with a byte order mark. */
  hasBom = false
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #listener: ScannerListener
  #isFirst = true
  #line = ''
  /** The last character was a CR, so an LF that follows belongs to it. */
  #afterCr = false
  #draft = emptyDraft()

  constructor(listener: ScannerListener) {
    this.#listener = listener
  }

  /** Whether the last block is complete, so that nothing is being waited for. */
  get isBetweenBlocks(): boolean {
    return this.#line === '' && this.#draft.lineCount === 0
  }

  write(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true })
    if (text === '') return
    if (text.includes('\uFFFD') && !Buffer.from(bytes).includes('\uFFFD')) {
      this.#listener.onFault('invalid UTF-8', text)
    }
    if (this.#isFirst) {
      this.#isFirst = false
      this.hasBom = text.startsWith('\uFEFF')
      if (this.hasBom) text = text.slice(1)
    }
    this.#scan(text)
  }

  #scan(text: string): void {
    let from = 0
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at]
      if (character !== '\n' && character !== '\r') {
        this.#settleCr()
        continue
      }
      if (character === '\n' && this.#afterCr) {
        this.#afterCr = false
        this.#listener.onFault('CRLF', this.#line)
        from = at + 1
        continue
      }
      this.#settleCr()
      this.#onLine(this.#line + text.slice(from, at))
      this.#line = ''
      this.#afterCr = character === '\r'
      from = at + 1
    }
    this.#line += text.slice(from)
  }

  #settleCr(): void {
    if (!this.#afterCr) return
    this.#afterCr = false
    this.#listener.onFault('CR', this.#line)
  }

  #onLine(line: string): void {
    if (line === '') {
      this.#endBlock()
      return
    }
    this.#draft.lineCount += 1
    this.#draft.size += line.length + 1
    const colon = line.indexOf(':')
    if (colon === 0) {
      this.#draft.comments.push(line.slice(1).trim())
      return
    }
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    this.#onField(field, value, line)
  }

  #onField(field: string, value: string, line: string): void {
    const draft = this.#draft
    if (field === 'data') draft.data.push(value)
    else if (field === 'event') draft.event = value
    else if (field === 'id') {
      if (value.includes('\0')) this.#listener.onFault('NUL in id', line)
      else draft.id = value
    } else if (field === 'retry') {
      if (/^\d+$/.test(value)) draft.retryMs = Number(value)
      else this.#listener.onFault('invalid retry', line)
    } else this.#listener.onFault(line.startsWith('\uFEFF') ? 'BOM inside' : 'unknown field', line)
  }

  #endBlock(): void {
    const { data, comments, event, id, retryMs, size, lineCount } = this.#draft
    this.#draft = emptyDraft()
    if (lineCount === 0) return
    const hasFields = id !== null || retryMs !== null || event !== ''
    this.#listener.onBlock({
      kind: data.length > 0 ? 'event' : hasFields || comments.length === 0 ? 'fields' : 'comment',
      event: event === '' ? 'message' : event,
      data: data.join('\n'),
      id,
      retryMs,
      comment: comments.join('\n'),
      size: size + 1,
    })
  }
}
