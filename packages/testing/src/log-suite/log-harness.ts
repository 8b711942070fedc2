import type { EventLog } from '@rivulet/core'

/** What not every log can be asked to show. */
export type LogCapability =
  /** `open()` called again gives another client of the same storage, as another process would have. */
  | 'share'
  /** `interrupt()` breaks the log's connections to its engine. */
  | 'interrupt'
  /** `rollBack()` makes the engine lose its newest entries and go on, as after a fail-over or a restored backup. */
  | 'rollBack'

/** What a log's author writes so that the suite can run over the log. One is made for each test. */
export interface LogHarness {
  /** A log over this harness's storage, which is empty at first. The suite closes it. */
  open(): EventLog | Promise<EventLog>
  /** Breaks every connection to the engine; the logs have to recover by themselves. */
  interrupt?(): void | Promise<void>
  /** Makes the engine lose everything of a channel behind an offset. */
  rollBack?(channel: string, offset: number): void | Promise<void>
  /** Frees what the harness made; called after the logs were closed. */
  close?(): void | Promise<void>
}

export interface LogSuiteOptions {
  /** Of your test runner. Default: the globals of Jest, or of Vitest with `globals`. */
  readonly describe?: ((name: string, body: () => void) => unknown) | undefined
  /** Of your test runner: `test` or `it`. Default: the global one. */
  readonly test?: ((name: string, body: () => Promise<void>) => unknown) | undefined
  /**
   * Capabilities that the harness has not, each with the reason why: it then is said in the results, where nobody overlooks it.
   * One that is neither there nor listed here fails.
   */
  readonly lacks?: Readonly<Partial<Record<LogCapability, string>>> | undefined
  /** How long a test waits for one thing, in milliseconds. Default 4,000. */
  readonly patienceMs?: number | undefined
}
