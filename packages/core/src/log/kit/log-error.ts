import { SseError, type SseErrorCode } from '../../wire/sse-error.ts'

/** What a known answer of an engine means. */
export interface ErrorExplanation {
  readonly code: SseErrorCode
  /** Tried on `<code> <message>` of what was thrown; without a code on the message alone. */
  readonly pattern: RegExp
  /** What to do about it, as a sentence. */
  readonly advice: string
}

/** One failure of an engine. */
export interface LogFailure {
  /** What was tried, as messages begin: `Appending to channel "orders"`. */
  readonly doing: string
  readonly cause: unknown
  /** The first that fits counts. */
  readonly explanations: readonly ErrorExplanation[]
  /** What it is where none fits. */
  readonly otherwise: Pick<ErrorExplanation, 'code' | 'advice'>
}

/** The error that callers of a log see for what a driver or an engine has said. An `SseError` is passed on as it is. */
export function explainLogError({ doing, cause, explanations, otherwise }: LogFailure): SseError {
  if (cause instanceof SseError) return cause
  const { code, message } = partsOf(cause)
  const text = code === '' ? message : `${code} ${message}`
  const meaning = explanations.find(({ pattern }) => pattern.test(text)) ?? otherwise
  const advice = meaning.advice === '' ? '' : ` ${meaning.advice}`
  return new SseError(meaning.code, `${doing} failed: ${message.replace(/\.$/, '')}.${advice}`, { cause })
}

/** Also of errors that another realm has made, as Jest's tests see those of Node. */
function partsOf(cause: unknown): { code: string; message: string } {
  if (typeof cause !== 'object' || cause === null) return { code: '', message: String(cause) }
  const code = 'code' in cause && cause.code !== undefined ? String(cause.code) : ''
  // Node's own for a host of several addresses has no message, only a code.
  const message = 'message' in cause && cause.message ? String(cause.message) : code || String(cause)
  return { code, message }
}

/** @param engine As the user knows it: `Redis`. */
export function logClosedError(engine: string): SseError {
  return new SseError('ERR_SSE_LOG_CLOSED', `This ${engine} log was closed.`)
}

export function channelEndedError(channel: string): SseError {
  return new SseError(
    'ERR_SSE_CHANNEL_ENDED',
    `The channel "${channel}" was ended; nothing can be published to it.`,
  )
}
