import type { SseError } from '@rivulet/core'
import { type ErrorExplanation, explainLogError } from '@rivulet/core/log-kit'

/** By what the server's answer says; the first that fits. */
const explanations: readonly ErrorExplanation[] = [
  {
    code: 'ERR_SSE_LOG_ACCESS',
    pattern: /\b(?:WRONGPASS|NOAUTH|NOPERM|invalid password|DENIED|unauthenticated)\b/,
    advice:
      "Redis refused the user or the password, or the user may not do this: check what the client connects with, and that its ACL allows scripts, the keys and the pub/sub channels under the log's prefix.",
  },
  {
    code: 'ERR_SSE_LOG_READ_ONLY',
    pattern: /\bREADONLY\b/,
    advice:
      'This Redis server is a replica and takes no writes: connect to the primary, or through Sentinel.',
  },
  {
    code: 'ERR_SSE_LOG_FULL',
    pattern: /\b(?:OOM|MISCONF|NOREPLICAS)\b/,
    advice:
      'Redis refuses writes because its memory or disk is full, or too few replicas follow: give it more room, or keep less (retention).',
  },
  {
    code: 'ERR_SSE_LOG_FOREIGN_KEY',
    pattern: /\bWRONGTYPE\b/,
    advice: 'A key of this log holds something else: give the log another prefix.',
  },
  {
    code: 'ERR_SSE_LOG_VERSION',
    pattern: /unknown (?:redis )?command|Unknown Redis command|wrong number of arg|syntax error/i,
    advice:
      'The server does not know a command that logs need: use Redis 6.2 or newer, or Valkey, with EVAL, XADD and XTRIM allowed.',
  },
  {
    code: 'ERR_SSE_LOG_TOO_LARGE',
    pattern: /Protocol error|invalid bulk length|too big/i,
    advice:
      'The entry is larger than the server takes (proto-max-bulk-len): publish less at once, or raise it.',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|OVERTAKEN)\b/,
    advice: 'Redis cannot answer now. Try again.',
  },
]

/** The error that callers of a log see for what a client or the server has said. */
export function logError(doing: string, cause: unknown): SseError {
  return explainLogError({
    doing,
    cause,
    explanations,
    otherwise: isReply(cause)
      ? { code: 'ERR_SSE_LOG_ENGINE', advice: '' }
      : {
          code: 'ERR_SSE_LOG_UNREACHABLE',
          advice: 'Check that Redis runs, and the address that the client connects to.',
        },
  })
}

/** Whether the server itself has said it, by how the two clients name such errors. */
function isReply(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  return cause.name === 'ReplyError' || /(?:ErrorReply|SimpleError|BlobError)$/.test(cause.constructor.name)
}
