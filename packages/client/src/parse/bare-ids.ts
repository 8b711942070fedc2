/** A piece of a stream, and the id that a block without data at its end has set. */
export interface Piece {
  readonly text: string
  readonly id: string | null
}

/**
 * Finds ids of blocks that have no data. They dispatch nothing, but they move the last event id, which parsers forget.
 *
 * Takes text whose lines end with LF, cut anywhere.
 */
export class BareIds {
  /** The line that has begun, as far as it may be an id; `null` where it is known to be none. */
  #line: string | null = ''
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
    const line = this.#line + text.slice(from, Math.min(to, from + (this.#line === '' ? 5 : to - from)))
    if (line.startsWith('id')) {
      this.#line += text.slice(from, to)
    } else if ('id'.startsWith(line) || 'data'.startsWith(line)) {
      this.#line = line
    } else {
      this.#hasData ||= line.startsWith('data:')
      this.#line = null
    }
  }

  /** @returns the id that the block has set which ends with this line */
  #endLine(): string | null {
    const line = this.#line
    this.#line = ''
    if (line === '') {
      const id = this.#hasData ? null : this.#id
      this.#hasData = false
      this.#id = null
      return id
    }
    if (line === 'data') this.#hasData = true
    else if (line !== null) this.#id = idOf(line) ?? this.#id
    return null
  }
}

/** The value of an id field; `null` for lines that are none, and ids that the standard ignores. */
function idOf(line: string): string | null {
  if (line === 'id') return ''
  if (!line.startsWith('id:')) return null
  const value = line.slice(line[3] === ' ' ? 4 : 3)
  return value.includes('\0') ? null : value
}
