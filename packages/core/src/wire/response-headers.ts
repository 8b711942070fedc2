/**
 * The headers of every stream.
 *
 * `no-store`: an event stream is never a cached page. `no-transform`: compression middleware and proxies keep their
 * hands off. `X-Accel-Buffering: no`: nginx and those that follow it pass events on at once.
 *
 * @see https://html.spec.whatwg.org/multipage/iana.html#text/event-stream
 * @see https://www.rfc-editor.org/rfc/rfc9111#name-no-transform
 */
export const eventStreamHeaders: readonly (readonly [name: string, value: string])[] = [
  ['Content-Type', 'text/event-stream'],
  ['Cache-Control', 'no-store, no-transform'],
  ['X-Accel-Buffering', 'no'],
]

/**
 * Headers that are not a user's to set on a stream: they belong to the connection (illegal on HTTP/2, RFC 9113 section
 * 8.2.2) or say how long the body is, which nobody knows.
 */
export const forbiddenHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
