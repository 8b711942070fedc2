import type { Database } from './database.ts'
import type { Retentions } from './retentions.ts'

/** What the calls of one log share. */
export interface LogParts {
  readonly database: Database
  /** Quoted, for use in SQL. */
  readonly schema: string
  /** Whether commits wake followers by NOTIFY. */
  readonly notify: boolean
  readonly retentions: Retentions
}
