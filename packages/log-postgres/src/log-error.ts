import type { SseError } from '@rivulet/core'
import { channelEndedError, type ErrorExplanation, explainLogError } from '@rivulet/core/log-kit'

/** By the SQLSTATE or by what Node says; the first that fits. */
const explanations: readonly ErrorExplanation[] = [
  {
    code: 'ERR_SSE_LOG_SCHEMA',
    pattern: /^(?:3F000|42P01|42883|42703|42704|42804) /,
    advice:
      "The log's schema is not there, or of another version: call log.migrate(), pass { migrate: true }, or run the package's migration.sql.",
  },
  {
    code: 'ERR_SSE_LOG_ACCESS',
    pattern: /^(?:28000|28P01|42501) /,
    advice:
      'PostgreSQL refused the user or the password, or the user may not do this: check what the pool connects with, and GRANT USAGE on the schema of the log.',
  },
  {
    code: 'ERR_SSE_LOG_READ_ONLY',
    pattern: /^25006 /,
    advice:
      'This server is a standby, or the session is read-only: let the pool connect to the primary (target_session_attrs, or its address).',
  },
  {
    code: 'ERR_SSE_LOG_FULL',
    pattern: /^(?:53100|53200|53000|53400) |No space left on device/,
    advice: "The server's disk or memory is full: give it more room, or keep less (retention).",
  },
  {
    code: 'ERR_SSE_LOG_TOO_LARGE',
    pattern: /^54000 |invalid memory alloc request size|exceeds? .*maximum|too large/,
    advice: 'The entry, or the name of its channel, is larger than PostgreSQL takes: publish less at once.',
  },
  {
    code: 'ERR_SSE_LOG_VERSION',
    pattern: /^(?:0A000|42601) /,
    advice: 'Use PostgreSQL 13 or newer, and a database with the encoding UTF8.',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /^55P03 /,
    advice:
      'Another transaction holds a lock that this needs: try again; if it stays so, look for one that does not end (pg_stat_activity, pg_prepared_xacts).',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /^SSE03 /,
    advice:
      'Try again when it has caught up; if it stays so, look at pg_stat_wal_receiver, or read from the primary.',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /^(?:08\w{3}|53300|57\w{3}|3D000|40001|40P01|SSE02) /,
    advice: 'PostgreSQL cannot do this now. Try again; if it stays so, look at its log.',
  },
]

/** The error that callers of a log see for what the driver or the server has said. */
export function logError(doing: string, cause: unknown): SseError {
  return explainLogError({
    doing,
    cause,
    explanations,
    otherwise: wasAnswered(cause)
      ? { code: 'ERR_SSE_LOG_ENGINE', advice: '' }
      : {
          code: 'ERR_SSE_LOG_UNREACHABLE',
          advice: 'Check that PostgreSQL runs, and the address that the pool connects to.',
        },
  })
}

/** As {@link logError}, for what is published to one channel. */
export function publishError(channel: string, cause: unknown): SseError {
  return sqlState(cause) === 'SSE01'
    ? channelEndedError(channel)
    : logError(`Publishing to channel "${channel}"`, cause)
}

/** Whether the server itself has said it, so that what was asked is known to have failed. */
export function wasAnswered(cause: unknown): boolean {
  return sqlState(cause) !== null
}

/** The state of an error that the server has sent; driver and network errors have none. */
export function sqlState(cause: unknown): string | null {
  if (typeof cause !== 'object' || cause === null || !('severity' in cause) || !('code' in cause)) return null
  return typeof cause.code === 'string' ? cause.code : null
}
