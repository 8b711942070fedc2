const carriageReturn = '\r'

/**
 * Makes LF of every end of a line, over any cuts: CRLF, CR and LF. A CR at the end of what has come ends its line at once, and an
 * LF that follows it later is left out: nothing waits for bytes that may never come.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class LineFeeds {
  #endedByReturn = false

  next(text: string): string {
    if (text === '') return ''
    const rest = this.#endedByReturn && text.startsWith('\n') ? text.slice(1) : text
    this.#endedByReturn = text.endsWith(carriageReturn)
    return rest.includes(carriageReturn) ? rest.replace(/\r\n?/g, '\n') : rest
  }
}
