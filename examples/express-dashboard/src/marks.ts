/** A note that somebody left on the charts. */
export interface Mark {
  /** 1, 2, 3 … since the server started. */
  seq: number
  /** When it was left, in milliseconds since 1970. */
  at: number
  text: string
}

const maxLength = 60

/** The text of a note from a request's body; `null` if it is none. What comes from outside is never taken as it is. */
export function readMark(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('text' in body) || typeof body.text !== 'string')
    return null
  const text = body.text.trim()
  return text.length > 0 && text.length <= maxLength ? text : null
}
