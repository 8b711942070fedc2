import type { EnvironmentName } from '../cases/connection-case.ts'
import type { functions } from '../cases/program.ts'

type Functions = typeof functions

/** A place where the program's functions run; in a browser, a page in which nothing else was done. */
export interface Stage {
  run<Name extends keyof Functions>(
    name: Name,
    ...given: Parameters<Functions[Name]>
  ): Promise<Awaited<ReturnType<Functions[Name]>>>
  close(): Promise<void>
}

/** Where the client runs. */
export interface Environment {
  readonly name: EnvironmentName
  readonly describe: (name: string, body: () => void) => void
  start(): Promise<void>
  stop(): Promise<void>
  /** @param url Of the server whose page that is, in a browser. */
  open(url: string): Promise<Stage>
}
