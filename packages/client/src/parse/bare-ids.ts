/** A piece of a stream, and the id that a block without data at its end has set. */
export interface Piece {
  readonly text: string
  readonly id: string | null
}

/** An id field; one with NUL is ignored, as the standard says. */
const idLine = /^id(?:: ?([^\0]*))?$/

/**
 * Finds ids of blocks that have no data. They dispatch nothing, but they move the last event id, which parsers forget.
 *
 * Takes text whose lines end with LF, cut anywhere.
 */
export class BareIds {
  /** The line that has begun, as far as it may be an id, in pieces; `null` where it is known to be none. */
  #line: string[] | null = []
  #hasData = false
  #id: string | null = null

  /** Cuts text behind each such block. */
  split(text: string): Piece[] {
    const pieces: Piece[] = []
    let start = 0
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#extend(text, from, end)
      const id = this.#endLine()
      from = end + 1
      if (id !== null) {
        pieces.push({ text: text.slice(start, from), id })
        start = from
      }
    }
    if (from < text.length) this.#extend(text, from, text.length)
    if (start < text.length) pieces.push({ text: text.slice(start), id: null })
    return pieces
  }

  #extend(text: string, from: number, to: number): void {
    if (this.#line === null) return
    const [known = ''] = this.#line
    if (known.startsWith('id:')) {
      this.#line.push(text.slice(from, to))
      return
    }
    // What a line is, its first characters say.
    const line = known + text.slice(from, Math.min(to, from + 5))
    if (line.startsWith('id:')) this.#line = [known + text.slice(from, to)]
    else if ('id'.startsWith(line) || 'data'.startsWith(line)) this.#line = [line]
    else {
      this.#hasData ||= line.startsWith('data:')
      this.#line = null
    }
  }

  /** @returns the id that the block has set which ends with this line */
  #endLine(): string | null {
    const line = this.#line?.join('')
    this.#line = []
    if (line === '') {
      const id = this.#hasData ? null : this.#id
      this.#hasData = false
      this.#id = null
      return id
    }
    this.#hasData ||= line === 'data'
    const found = idLine.exec(line ?? '')
    if (found !== null) this.#id = found[1] ?? ''
    return null
  }
}
