/** A value that can be bound; both libraries bind numbers as they are and text up to its first NUL. */
export type Value = string | number | null

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>

export interface Statement {
  /** @returns the number of the row that was inserted last. */
  run(values: readonly Value[]): number
  get(values: readonly Value[]): Row | undefined
  all(values: readonly Value[]): readonly Row[]
}

/** One connection to a database file, of whichever library; everything it does blocks its thread. */
export interface Connection {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** A library that can open SQLite files. */
export interface Driver {
  /** Two libraries in one process would take away each other's locks. */
  readonly name: string
  open(file: string): Connection
  /** The result code of an error that the library threw; `undefined` where it is none of SQLite's. */
  resultCode(error: unknown): number | undefined
}
