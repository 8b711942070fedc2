/**
 * What came of a check.
 *
 * - `ok`: as it should be.
 * - `warning`: works now, but will hurt some clients, or on some paths.
 * - `problem`: clients are hurt by it.
 * - `unknown`: could not be told; the message says why.
 */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown'

/** The checks, in the order in which a report has them. */
export type CheckId =
  | 'reachable'
  | 'tls'
  | 'redirects'
  | 'status'
  | 'content-type'
  | 'head'
  | 'first-bytes'
  | 'buffering'
  | 'compression'
  | 'framing'
  | 'caching'
  | 'accel-buffering'
  | 'stripped-headers'
  | 'http-version'
  | 'heartbeat'
  | 'staying-open'
  | 'format'
  | 'retry'
  | 'ids'
  | 'resume'
  | 'cors'
  | 'head-request'

/** One setting that helps. */
export interface Remedy {
  /** Where it is set, such as `nginx` or `your application`. */
  readonly where: string
  /** The setting as one types it, or one sentence where there is none to type. */
  readonly setting: string
}

/** One check and what came of it. */
export interface Check {
  readonly id: CheckId
  /** The name of the check, for people. */
  readonly title: string
  readonly verdict: Verdict
  /** What was seen, in one or two sentences. */
  readonly message: string
  /** What that does to clients; not there where all is well. */
  readonly meaning?: string
  /** What to set, the most likely place first; empty where all is well. */
  readonly remedies: readonly Remedy[]
}

/** A server, proxy or network on the way that gave itself away in the response. */
export interface Hop {
  /** Such as `nginx`, `Cloudflare`, `Express`. */
  readonly name: string
  /** The header that says so, such as `server: nginx/1.22.1`. */
  readonly evidence: string
}

/** Figures of the stream that was watched. Times are milliseconds since the request was sent. */
export interface StreamFigures {
  readonly status: number
  readonly httpVersion: string
  /** When status and headers had arrived. */
  readonly headMs: number
  /** When the first bytes of the body arrived; `null` if none did. */
  readonly firstBytesMs: number | null
  /** Until when it was watched. */
  readonly watchedMs: number
  /** The longest time in which nothing arrived, head and end included. */
  readonly longestSilenceMs: number
  readonly eventCount: number
  /** Comment blocks, such as heartbeats. */
  readonly commentCount: number
  /** Bytes of the body, out of their content coding. */
  readonly bytes: number
  /** The reconnection time that the server named, or `null`. */
  readonly retryMs: number | null
  /** What a client would bring back now; `''` if there were no ids. */
  readonly lastEventId: string
  /** `open` when the watch was over, `ended` properly by the other side, or `cut` in the middle. */
  readonly ending: 'open' | 'ended' | 'cut'
}

/** All that was found out about one endpoint. */
export interface Report {
  /** The address that was asked for. */
  readonly url: string
  /** Where redirects led. */
  readonly finalUrl: string
  /** The worst of the checks' verdicts; `unknown` ones don't count. */
  readonly verdict: 'ok' | 'warning' | 'problem'
  /** Who is on the way, as far as headers tell, the nearest to the client first where that is known. */
  readonly hops: readonly Hop[]
  readonly checks: readonly Check[]
  /** `null` where no response came. */
  readonly stream: StreamFigures | null
}
