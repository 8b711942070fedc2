/** Codes of errors of the client; each is a heading of `docs/errors.md`. */
export type ClientErrorCode =
  | 'ERR_SSE_CLIENT_BUSY'
  | 'ERR_SSE_CLIENT_NETWORK'
  | 'ERR_SSE_CLIENT_OPTION'
  | 'ERR_SSE_CLIENT_PARSE'
  | 'ERR_SSE_CLIENT_RESPONSE'
  | 'ERR_SSE_CLIENT_SILENT'
  | 'ERR_SSE_CLIENT_TOO_LARGE'

export interface ClientErrorDetails {
  readonly cause?: unknown
  /** Of the response, where there was one. */
  readonly status?: number | undefined
}

/** Whatever goes wrong on a client. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** Status of the response; `undefined` where there was none. */
  readonly status: number | undefined

  constructor(code: ClientErrorCode, message: string, { cause, status }: ClientErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ClientError'
    this.code = code
    this.status = status
  }
}
