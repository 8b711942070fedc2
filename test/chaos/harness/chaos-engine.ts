/** What a chaos run does to a log's engine: one of its own, which nothing else uses. */
export interface ChaosEngine {
  /** What `openLog()` of the engine's `open-log.mjs` takes, in every process; goes there as JSON. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Ends the engine as a crash does; `restart` starts it on what it has kept. Left out where the engine has no process. */
  readonly crash?: { kill(): Promise<void>; restart(): Promise<void> }
  /** Cuts every connection to the engine. Left out where there are none. */
  cut?(): Promise<void>
  dispose(): Promise<void>
}

/** What `open-log.mjs` exports: opens the log in a process, with a connection of its own. */
export interface OpenLog {
  openLog(settings: ChaosEngine['settings']): Promise<OpenedLog>
}

export interface OpenedLog {
  readonly log: import('@rivulet/core').EventLog
  /** Closes the log and what it was opened with. */
  close(): Promise<void>
}
