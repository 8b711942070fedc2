import { runChecks } from './checks/all-checks.ts'
import { type DiagnoseOptions, parseUrl, resolveOptions } from './options.ts'
import { gather } from './probes/gather.ts'
import type { Watched } from './probes/watched.ts'
import { firstBytesMs, headMs, silences, watchedMs } from './probes/watched.ts'
import type { Report, StreamFigures } from './report.ts'

/**
 * Opens a stream as a browser does, watches it for `waitMs`, tries what clients do (HEAD, another connection, coming back
 * with an id), and says what is wrong between the application and here, and what to set.
 *
 * It works against any event stream, makes at most six requests, and leaves no connection behind. A server that is not there, or
 * answers with something else, is a report too, not an error.
 *
 * @param url The stream's address, of http or https.
 * @throws (rejects) DoctorOptionError (`code` is `ERR_SSE_OPTION`) for an address or an option that cannot be.
 */
export async function diagnose(url: string | URL, options: DiagnoseOptions = {}): Promise<Report> {
  const asked = parseUrl(url)
  const evidence = await gather(asked, resolveOptions(options))
  const checks = runChecks(evidence)
  const verdicts = new Set(checks.map(({ verdict }) => verdict))
  return {
    url: asked.href,
    finalUrl: evidence.main.url.href,
    verdict: verdicts.has('problem') ? 'problem' : verdicts.has('warning') ? 'warning' : 'ok',
    hops: evidence.hops,
    checks,
    stream: figuresOf(evidence.main),
  }
}

function figuresOf(main: Watched): StreamFigures | null {
  const { head, recording, ending } = main
  if (head === null) return null
  return {
    status: head.status,
    httpVersion: head.httpVersion,
    headMs: round(headMs(main) ?? 0),
    firstBytesMs: roundOrNull(firstBytesMs(main)),
    watchedMs: round(watchedMs(main)),
    longestSilenceMs: round(Math.max(...silences(main))),
    eventCount: recording.eventCount,
    commentCount: recording.commentCount,
    bytes: recording.bytes,
    retryMs: recording.retryMs,
    lastEventId: recording.lastEventId,
    ending: ending === null ? 'open' : ending.how === 'cut' ? 'cut' : 'ended',
  }
}

function round(ms: number): number {
  return Math.round(ms)
}

function roundOrNull(ms: number | null): number | null {
  return ms === null ? null : round(ms)
}
