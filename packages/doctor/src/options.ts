/** What to ask for, and for how long to watch. */
export interface DiagnoseOptions {
  /** How long to watch the stream, in milliseconds, 100 to 3,600,000. Default 20,000; 70,000 shows time-outs of 60 s. */
  readonly waitMs?: number | undefined
  /** Headers of every request, over those that a browser's `EventSource` sends. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Default `GET`, with a body `POST`. Any other method than GET is sent once only, since it may have effects. */
  readonly method?: string | undefined
  readonly body?: string | undefined
  /** The id that the first request brings as `Last-Event-ID`. */
  readonly lastEventId?: string | undefined
  /** The origin of a page on another site, such as `https://app.example`: checks what CORS asks for. */
  readonly origin?: string | undefined
  /**
   * The same stream at an address nearer to the application, such as `http://10.0.0.7:3000/events`. It is watched at the same
   * time, so that the report can say what was changed in between.
   */
  readonly direct?: string | undefined
  /** Goes on where the server's certificate is not valid. Default `false`. */
  readonly insecure?: boolean | undefined
  /** HTTP/1.1 even where the server speaks HTTP/2. Default `false`. */
  readonly http1?: boolean | undefined
  /** Ends the watch early; the report then says what was seen until then. */
  readonly signal?: AbortSignal | undefined
}

/** The options with their defaults. */
export interface ResolvedOptions {
  readonly waitMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly method: string
  readonly body: string | undefined
  readonly lastEventId: string | undefined
  readonly origin: string | undefined
  readonly direct: URL | undefined
  readonly insecure: boolean
  readonly http1: boolean
  readonly signal: AbortSignal | undefined
}

/** An option, or an argument of the command, that cannot be. The message is one line that says what is possible. */
export class DoctorOptionError extends Error {
  readonly code = 'ERR_SSE_OPTION'
  readonly value: unknown

  constructor(message: string, value: unknown) {
    super(message)
    this.name = 'DoctorOptionError'
    this.value = value
  }
}

const known: Record<keyof DiagnoseOptions, true> = {
  waitMs: true,
  headers: true,
  method: true,
  body: true,
  lastEventId: true,
  origin: true,
  direct: true,
  insecure: true,
  http1: true,
  signal: true,
}

/** @throws DoctorOptionError */
export function resolveOptions(options: DiagnoseOptions): ResolvedOptions {
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(known, key)) {
      throw new DoctorOptionError(
        `There is no option ${key}; there are: ${Object.keys(known).join(', ')}.`,
        key,
      )
    }
  }
  const { waitMs = 20_000, headers = {}, body, lastEventId, origin, direct } = options
  if (!(Number.isFinite(waitMs) && waitMs >= 100 && waitMs <= 3_600_000)) {
    throw new DoctorOptionError(
      `The wait must be 0.1 to 3,600 seconds, not ${Number(waitMs) / 1000}.`,
      waitMs,
    )
  }
  return {
    waitMs,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => checkHeader(name, value))),
    method: checkMethod(options.method ?? (body === undefined ? 'GET' : 'POST'), body),
    body,
    lastEventId: lastEventId === undefined ? undefined : checkHeader('last-event-id', lastEventId)[1],
    origin: origin === undefined ? undefined : checkOrigin(origin),
    direct: direct === undefined ? undefined : parseUrl(direct),
    insecure: options.insecure ?? false,
    http1: options.http1 ?? false,
    signal: options.signal,
  }
}

/** @throws DoctorOptionError */
export function parseUrl(text: string | URL): URL {
  const url = URL.canParse(String(text)) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new DoctorOptionError(
      `The address must be a whole one, such as https://example.com/events, not ${JSON.stringify(text)}.`,
      text,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new DoctorOptionError(
      'Credentials do not belong into the address, where browsers refuse them: use --header "Authorization: …".',
      url.host,
    )
  }
  url.hash = ''
  return url
}

function checkMethod(method: string, body: string | undefined): string {
  const upper = method.toUpperCase()
  if (!/^[A-Z]{1,20}$/.test(upper) || upper === 'HEAD' || upper === 'CONNECT') {
    throw new DoctorOptionError(
      `The method must be one that opens a stream, such as GET or POST, not ${method}.`,
      method,
    )
  }
  if (upper === 'GET' && body !== undefined) {
    throw new DoctorOptionError('A GET request has no body: leave it out, or use POST.', method)
  }
  return upper
}

function checkHeader(name: string, value: string): [name: string, value: string] {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new DoctorOptionError(`${JSON.stringify(name)} is no name of a header.`, name)
  }
  if (typeof value !== 'string' || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new DoctorOptionError(
      `The header ${name} must be one line of text in Latin-1, not ${JSON.stringify(value)}.`,
      value,
    )
  }
  return [name.toLowerCase(), value]
}

function checkOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  if (origin === 'null' || text.replace(/\/$/, '').toLowerCase() !== origin) {
    throw new DoctorOptionError(
      `The origin must be a scheme and a host, such as https://app.example, not ${JSON.stringify(text)}.`,
      text,
    )
  }
  return origin
}
