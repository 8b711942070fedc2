import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Connection, Driver, Row, Statement, Value } from './driver/driver.ts'
import { asFailure, Failure, sqliteFailure } from './failure.ts'
import type { WorkerSettings } from './protocol.ts'
import { applicationId, schemaSql, schemaVersion } from './schema.ts'

/** Left of the WAL after everything in it has been taken over. */
const journalSizeLimit = 16 * 1024 * 1024

/** Takes the lock of readers at once: what is read then is of one moment, and finds nothing in its way. */
const beginRead = 'BEGIN; SELECT 1 FROM sqlite_schema'

/**
 * The log's file and the one connection of this worker to it. Nothing waits for a lock: what finds one taken fails as passing,
 * and is tried again by who called.
 *
 * The file itself is only ever opened by SQLite: closing any other descriptor of it would release the locks of this process.
 */
export class Database {
  readonly #driver: Driver
  readonly #settings: WorkerSettings
  readonly #onReplaced: () => void
  readonly #statements = new Map<string, Statement>()
  #connection: Connection | null = null
  /** Whether the connection has been set up. */
  #isReady = false
  /** Whether there was one before. */
  #isReopened = false
  /** Which file is open: another one may be put in its place. */
  #identity = ''

  /** @param onReplaced Called after another file than before was opened. */
  constructor(driver: Driver, settings: WorkerSettings, onReplaced: () => void) {
    this.#driver = driver
    this.#settings = settings
    this.#onReplaced = onReplaced
  }

  run(sql: string, ...values: readonly Value[]): void {
    this.#guarded(() => this.#statement(sql).run(values))
  }

  /** As `run`, with values that are a list already. */
  runWith(sql: string, values: readonly Value[]): void {
    this.#guarded(() => this.#statement(sql).run(values))
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(values))
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql).all(values))
  }

  /** A number that another connection's commit changes; of the file that is open, also where another one is in its place now. */
  dataVersion(): number {
    if (!this.#isReady) this.#ensureOpen()
    return Number(this.get('PRAGMA data_version')?.data_version)
  }

  /** Moves what the WAL holds into the file and empties it; not at all where somebody reads or writes. */
  checkpoint(): void {
    this.#ensureOpen()
    this.#exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Several reads of one moment. */
  read<T>(work: () => T): T {
    this.#ensureOpen()
    return this.#transaction(beginRead, () => this.#checked(work))
  }

  /** Several writes, all or none; on the disk when this returns. */
  write<T>(work: () => T): T {
    this.#ensureOpen()
    const result = this.#transaction('BEGIN IMMEDIATE', () => this.#checked(work))
    // What was stored in a file that somebody has just put away is stored nowhere.
    if (!this.#isInPlace())
      throw new Failure('FILE_REPLACED', `${this.#settings.file} was replaced meanwhile`)
    return result
  }

  /** Opens what is in the place of the file now. */
  followFile(): void {
    this.#ensureOpen()
  }

  close(): void {
    this.#statements.clear()
    this.#isReady = false
    const connection = this.#connection
    this.#connection = null
    connection?.close()
  }

  /**
   * Locks are taken and released by statements that are not kept: one that finds a lock taken stays under way until it is reset,
   * which `libsql` does not do, and would keep what others read open.
   */
  #transaction<T>(begin: string, work: () => T): T {
    try {
      this.#exec(begin)
      const result = work()
      this.#exec('COMMIT')
      return result
    } catch (error) {
      try {
        this.#exec('ROLLBACK')
      } catch {
        // It never began, or a full disk has rolled it back already; the first error is the one to tell.
      }
      throw error
    }
  }

  #ensureOpen(): void {
    if (this.#isReady && this.#isInPlace()) return
    if (this.#isReady) this.close()
    this.#open()
    if (this.#isReopened) this.#onReplaced()
    this.#isReopened = true
  }

  #isInPlace(): boolean {
    return identityOf(this.#settings.file) === this.#identity
  }

  #open(): void {
    const { file } = this.#settings
    // A connection that has found a lock taken is gone on with: closed ones keep their file open for a while.
    try {
      this.#connection ??= this.#guarded(() => this.#driver.open(file))
      this.#prepare()
      this.#identity = identityOf(file)
      this.#isReady = true
    } catch (error) {
      const failure = asFailure(error)
      if (!failure.isPassing) this.close()
      throw failure.code === 'SQLITE_CANTOPEN' ? accessFailure(file, failure) : failure
    }
  }

  #prepare(): void {
    const { file, synchronous } = this.#settings
    this.#exec('PRAGMA busy_timeout = 0')
    if (!this.#transaction(beginRead, () => this.#isOurs())) this.#create()
    this.#exec('PRAGMA journal_mode = WAL')
    const mode = this.get('PRAGMA journal_mode')?.journal_mode
    if (mode !== 'wal') throw new Failure('NO_WAL', `the journal mode of ${file} stays ${mode}`)
    this.#exec(`PRAGMA synchronous = ${synchronous}`)
    // Only macOS knows these: its fsync alone does not reach the disk.
    this.#exec(`PRAGMA fullfsync = ${synchronous === 'full'}`)
    this.#exec('PRAGMA checkpoint_fullfsync = true')
    this.#exec(`PRAGMA journal_size_limit = ${journalSizeLimit}`)
  }

  /** False of a file that is new. */
  #isOurs(): boolean {
    const id = Number(this.get('PRAGMA application_id')?.application_id)
    const count = Number(this.get('SELECT count(*) AS count FROM sqlite_schema')?.count)
    if (id === 0 && count === 0) return false
    if (id !== applicationId) {
      throw new Failure('FOREIGN_FILE', `${this.#settings.file} is the database of something else`)
    }
    return this.#checked(() => true)
  }

  /** A later release may take over the file at any time. */
  #checked<T>(work: () => T): T {
    const version = Number(this.get('PRAGMA user_version')?.user_version)
    if (version <= schemaVersion) return work()
    throw new Failure(
      'NEWER_VERSION',
      `${this.#settings.file} has layout ${version}, and this release knows ${schemaVersion}`,
    )
  }

  #create(): void {
    // Both can only be said before there is a table. Freed pages are given back little by little.
    this.#exec('PRAGMA auto_vacuum = INCREMENTAL')
    this.#exec('PRAGMA journal_mode = WAL')
    this.#transaction('BEGIN IMMEDIATE', () => {
      // Another process may have been faster.
      if (!this.#isOurs()) this.#exec(schemaSql)
    })
  }

  #exec(sql: string): void {
    this.#guarded(() => this.#connection?.exec(sql))
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#connection === null) throw new Failure('CLOSED', 'the file is not open')
    const statement = this.#connection.prepare(sql)
    this.#statements.set(sql, statement)
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

/** SQLite says that it cannot open the file, and not why: the system does. */
function accessFailure(file: string, failure: Failure): Failure {
  try {
    accessSync(dirname(file), constants.W_OK)
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
    return failure
  } catch (error) {
    return asFailure(error)
  }
}

/** What a path leads to now; empty where there is nothing. Makes no descriptor. */
function identityOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`
}
