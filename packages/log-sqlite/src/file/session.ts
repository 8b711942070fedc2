import type { Connection, Driver, Row, Statement, Value } from './driver/driver.ts'
import { sqliteFailure } from './failure.ts'

/** The statements of a transaction, whichever thread has begun it. */
export interface Queries {
  /** @returns the number of the row that was inserted last. */
  run(sql: string, ...values: readonly Value[]): number
  /** As `run`, with values that are a list already. */
  runWith(sql: string, values: readonly Value[]): number
  get(sql: string, ...values: readonly Value[]): Row | undefined
  all(sql: string, ...values: readonly Value[]): readonly Row[]
}

/** One connection with the statements that it has prepared. What SQLite throws becomes a failure with a name. */
export class Session implements Queries {
  readonly #driver: Driver
  readonly #connection: Connection
  readonly #statements = new Map<string, Statement>()

  /** @throws Failure where the file cannot be opened. */
  constructor(driver: Driver, file: string) {
    this.#driver = driver
    this.#connection = this.#guarded(() => driver.open(file))
  }

  run(sql: string, ...values: readonly Value[]): number {
    return this.runWith(sql, values)
  }

  runWith(sql: string, values: readonly Value[]): number {
    return this.#guarded(() => this.#statement(sql).run(values))
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(values))
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql).all(values))
  }

  /** Statements that are not kept. */
  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql))
  }

  /**
   * Locks are taken and released by statements that are not kept: one that finds a lock taken stays under way until it is reset,
   * which `libsql` does not do, and would keep what others read open.
   */
  transaction<T>(begin: string, work: () => T): T {
    try {
      this.exec(begin)
      const result = work()
      this.exec('COMMIT')
      return result
    } catch (error) {
      try {
        this.exec('ROLLBACK')
      } catch {
        // It never began, or a full disk has rolled it back already; the first error is the one to tell.
      }
      throw error
    }
  }

  close(): void {
    this.#statements.clear()
    this.#connection.close()
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      const resultCode = this.#driver.resultCode(error)
      if (resultCode === undefined) throw error
      throw sqliteFailure(resultCode, error)
    }
  }
}
