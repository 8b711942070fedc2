/** One event as the HTML standard dispatches it. */
export interface ParsedEvent {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

/** What a whole stream said. */
export interface ParsedStream {
  readonly events: readonly ParsedEvent[]
  readonly lastEventId: string
  /** Reconnection time, `null` where none was set. */
  readonly retryMs: number | null
}

/**
 * A stream read as the standard says, word for word and with no thought of speed, so that it is an oracle and not one more
 * implementation.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function parseStream(bytes: Uint8Array): ParsedStream {
  const lines = new TextDecoder('utf-8').decode(bytes).split(/\r\n|\r|\n/)
  lines.pop() // Not ended by a line break: never a line.
  const events: ParsedEvent[] = []
  let [data, type, lastEventId] = ['', '', '']
  let lastEventIdBuffer = ''
  let retryMs: number | null = null
  for (const line of lines) {
    if (line === '') {
      lastEventId = lastEventIdBuffer
      if (data !== '') {
        events.push({ type: type === '' ? 'message' : type, data: data.replace(/\n$/, ''), lastEventId })
      }
      data = ''
      type = ''
      continue
    }
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') type = value
    else if (field === 'data') data += `${value}\n`
    else if (field === 'id' && !value.includes('\0')) lastEventIdBuffer = value
    else if (field === 'retry' && /^[0-9]+$/.test(value)) retryMs = Number(value)
  }
  return { events, lastEventId, retryMs }
}
