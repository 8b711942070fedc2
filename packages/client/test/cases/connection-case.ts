import type { ScriptedServer } from '../scripted-server.ts'
import type { Step } from '../steps.ts'

export type EnvironmentName = 'Node' | 'Chromium'

/** Where a case connects to. */
export interface CaseUrls {
  readonly main: string
  /** Another origin. */
  readonly other: string
}

/** What a case came to, and what the servers saw of it. */
export interface CaseOutcome<Result> {
  readonly result: Result
  readonly main: ScriptedServer
  readonly other: ScriptedServer
}

/**
 * One case of a connection. `run` is run in Node and in a page of Chromium, and what it returns is JSON; the rest stays with the test.
 */
export interface ConnectionCase<Result = unknown> {
  /** Begins with the ids of what it shows: `C3 C4: …`. */
  readonly name: string
  /** The one environment that has what it is about. Default: both. */
  readonly only?: EnvironmentName
  /** What the server does that pages are loaded from. @param other URL of the other server. */
  readonly main?: (other: string) => readonly Step[]
  /** What a server of another origin does. */
  readonly other?: () => readonly Step[]
  run(urls: CaseUrls): Promise<Result>
  check(outcome: CaseOutcome<Result>): void
}

/** Lets each case have a type of its own. */
export function connectionCase<Result>(definition: ConnectionCase<Result>): ConnectionCase {
  return definition as ConnectionCase // its check is given what its run returned
}
