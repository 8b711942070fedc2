import type { WorkerFailure } from './protocol.ts'

/** Names of SQLite's primary result codes, as far as somebody does something about them. */
const names: Readonly<Record<number, string>> = {
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  18: 'SQLITE_TOOBIG',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
}

/** Another connection is in the way for a moment: recovering, creating, writing. */
const passing = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL'])

/** An error of the worker, with the code that the log explains it by. */
export class Failure extends Error implements WorkerFailure {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** Whether the same may work in a moment. */
  get isPassing(): boolean {
    return passing.has(this.code)
  }
}

/** @param resultCode SQLite's, primary or extended. */
export function sqliteFailure(resultCode: number, cause: unknown): Failure {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Failure(names[resultCode & 0xff] ?? `SQLITE_${resultCode & 0xff}`, message, cause)
}

/** What anything thrown is called. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  // Of Node's file system: ENOTDIR, EACCES …
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof Error && /^E[A-Z]+$/.test(code)) return new Failure(code, error.message, error)
  return new Failure(
    'INTERNAL',
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    error,
  )
}
