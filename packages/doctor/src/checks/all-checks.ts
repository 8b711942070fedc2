import type { Evidence } from '../probes/evidence.ts'
import type { Check, CheckId } from '../report.ts'
import { checkBuffering, checkCompression } from './buffering.ts'
import { checkHttpVersion, checkReachable, checkRedirects, checkTls } from './connection.ts'
import { checkFormat, checkIds, checkRetry } from './content.ts'
import { checkCors } from './cors.ts'
import type { Finding } from './finding.ts'
import {
  checkAccelBuffering,
  checkCaching,
  checkContentType,
  checkFraming,
  checkHeadRequest,
  checkStatus,
} from './response.ts'
import { checkResume } from './resume.ts'
import { checkStrippedHeaders } from './stripped-headers.ts'
import { checkFirstBytes, checkHead, checkHeartbeat, checkStayingOpen } from './timing.ts'

/** A check looks at what was gathered; `undefined` where it does not apply. */
type JudgeEvidence = (evidence: Evidence) => Finding | undefined

/** Every check, in the order of reports. */
export const checks: readonly (readonly [id: CheckId, title: string, judge: JudgeEvidence])[] = [
  ['reachable', 'Reachable', checkReachable],
  ['tls', 'TLS', checkTls],
  ['redirects', 'Redirects', checkRedirects],
  ['status', 'Status', checkStatus],
  ['content-type', 'Content type', checkContentType],
  ['head', 'Head', checkHead],
  ['first-bytes', 'First bytes', checkFirstBytes],
  ['buffering', 'Buffering', checkBuffering],
  ['compression', 'Compression', checkCompression],
  ['framing', 'Framing', checkFraming],
  ['caching', 'Caching', checkCaching],
  ['accel-buffering', 'X-Accel-Buffering', checkAccelBuffering],
  ['stripped-headers', 'Stripped headers', checkStrippedHeaders],
  ['http-version', 'HTTP version', checkHttpVersion],
  ['heartbeat', 'Heartbeat', checkHeartbeat],
  ['staying-open', 'Staying open', checkStayingOpen],
  ['format', 'Format', checkFormat],
  ['retry', 'Retry', checkRetry],
  ['ids', 'Ids', checkIds],
  ['resume', 'Resume', checkResume],
  ['cors', 'CORS', checkCors],
  ['head-request', 'HEAD', checkHeadRequest],
]

/** Judges what was gathered. */
export function runChecks(evidence: Evidence): readonly Check[] {
  return checks.flatMap(([id, title, judge]) => {
    const finding = judge(evidence)
    return finding === undefined ? [] : [{ id, title, ...finding }]
  })
}
