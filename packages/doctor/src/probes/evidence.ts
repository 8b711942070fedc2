import type { ResolvedOptions } from '../options.ts'
import type { Hop } from '../report.ts'
import type { ResumeEvidence } from './resume.ts'
import type { Watched } from './watched.ts'

/** Everything that was gathered, for the checks to judge. */
export interface Evidence {
  readonly options: ResolvedOptions
  /** The stream as a browser opens it. */
  readonly main: Watched
  /** The same, opened later and not compressed: what reaches one at another time than the other was held back. */
  readonly companion: Watched | null
  /** The same at the address nearer to the application. */
  readonly direct: Watched | null
  readonly headRequest: Watched | null
  readonly preflight: Watched | null
  readonly resume: ResumeEvidence | null
  readonly hops: readonly Hop[]
  /** Whether the server is Rivulet, whose streams say more about themselves. */
  readonly isRivulet: boolean
  /** For how long this process itself was too busy to read, at most. */
  readonly stallMs: number
}
