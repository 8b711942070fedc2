import { JetStreamApiError } from '@nats-io/jetstream'
import type { SseError } from '@rivulet/core'
import { type ErrorExplanation, explainLogError } from '@rivulet/core/log-kit'

/** By what the server or the client says; codes are those of JetStream's API. */
const explanations: readonly ErrorExplanation[] = [
  {
    code: 'ERR_SSE_LOG_ACCESS',
    pattern: /permissions violation|authorization violation|authentication expired/i,
    advice:
      "The connection's user may not do this: it needs to publish to the log's subjects and to $JS.API.>, and to subscribe to its inbox; the package's README lists what.",
  },
  {
    code: 'ERR_SSE_LOG_VERSION',
    pattern: /jetstream (?:is )?not enabled|^10039\b|^10076\b/i,
    advice:
      'Start nats-server 2.9 or newer with JetStream (-js), and enable it for the account. A server whose disk is full has switched it off until it is started again: see its log.',
  },
  {
    code: 'ERR_SSE_LOG_TOO_LARGE',
    pattern: /max_payload|maximum payload|message size exceeds/i,
    advice: 'The entry is larger than the server takes (max_payload): publish less at once, or raise it.',
  },
  {
    code: 'ERR_SSE_LOG_FULL',
    pattern:
      /insufficient (?:storage|memory|resources)|resource limits? exceeded|resources? exceeded|maximum (?:number of )?(?:streams|consumers|bytes|messages)|no space left|no suitable peers/i,
    advice:
      "JetStream's storage, or what the account may use of it, is full, or the cluster is too small for the replicas: give it more room, or keep less (retention).",
  },
  {
    code: 'ERR_SSE_LOG_FOREIGN_KEY',
    pattern: /subjects overlap/i,
    advice: "Another stream takes the log's subjects: give the log another prefix.",
  },
  {
    code: 'ERR_SSE_LOG_READ_ONLY',
    pattern: /sealed/i,
    advice: 'Somebody has sealed the stream of this channel, which is for ever: delete it.',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /temporarily unavailable|offline|not current leader|no responders/i,
    advice: 'JetStream cannot answer now. Try again.',
  },
]

/** The error that callers of a log see for what the client or the server has said. */
export function logError(doing: string, cause: unknown): SseError {
  return explainLogError({
    doing,
    cause,
    explanations,
    otherwise:
      cause instanceof JetStreamApiError
        ? { code: 'ERR_SSE_LOG_ENGINE', advice: '' }
        : {
            code: 'ERR_SSE_LOG_UNREACHABLE',
            advice: 'Check that the NATS server runs, and the address that the connection uses.',
          },
  })
}
