import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Driver, Row, Value } from '../file/driver/driver.ts'
import { asFailure, Failure } from '../file/failure.ts'
import { assertLayout } from '../file/layout.ts'
import { identityOf } from '../file/place.ts'
import type { OpenedFile, WorkerSettings } from '../file/protocol.ts'
import { applicationId, journalSizeLimit, schemaSql, schemaVersion } from '../file/schema.ts'
import { type Queries, Session } from '../file/session.ts'

/** Takes the lock of readers at once: what is read then is of one moment, and finds nothing in its way. */
const beginRead = 'BEGIN; SELECT 1 FROM sqlite_schema'

/**
 * The log's file and the one connection of this worker to it. Nothing waits for a lock: what finds one taken fails as passing,
 * and is tried again by who called.
 *
 * The file itself is only ever opened by SQLite: closing any other descriptor of it would release the locks of this process.
 */
export class Database implements Queries {
  readonly #driver: Driver
  readonly #settings: WorkerSettings
  readonly #onOpened: (opened: OpenedFile) => void
  #session: Session | null = null
  /** Whether the connection has been set up. */
  #isReady = false
  #openedCount = 0
  #identity = ''

  /** @param onOpened Called after the file, or another in its place, was opened. */
  constructor(driver: Driver, settings: WorkerSettings, onOpened: (opened: OpenedFile) => void) {
    this.#driver = driver
    this.#settings = settings
    this.#onOpened = onOpened
  }

  run(sql: string, ...values: readonly Value[]): number {
    return this.#open.runWith(sql, values)
  }

  runWith(sql: string, values: readonly Value[]): number {
    return this.#open.runWith(sql, values)
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#open.get(sql, ...values)
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#open.all(sql, ...values)
  }

  /** A number that another connection's commit changes; of the file that is open, also where another one is in its place now. */
  dataVersion(): number {
    if (!this.#isReady) this.followFile()
    return Number(this.get('PRAGMA data_version')?.data_version)
  }

  /**
   * Moves what the WAL holds into the file. `PASSIVE` keeps nobody from writing, the others do; `RESTART` and `TRUNCATE` leave a WAL that begins
   * anew, if nobody reads it.
   *
   * @returns whether all of it was moved.
   */
  checkpoint(mode: 'PASSIVE' | 'RESTART' | 'TRUNCATE'): boolean {
    this.followFile()
    const { busy, log, checkpointed } = this.get(`PRAGMA wal_checkpoint(${mode})`) ?? {}
    return busy === 0 && log === checkpointed
  }

  /** Several reads of one moment. */
  read<T>(work: () => T): T {
    this.followFile()
    return this.#open.transaction(beginRead, () => this.#checked(work))
  }

  /** Several writes, all or none; on the disk when this returns. */
  write<T>(work: () => T): T {
    this.followFile()
    const result = this.#open.transaction('BEGIN IMMEDIATE', () => this.#checked(work))
    // What was stored in a file that somebody has just put away is stored nowhere.
    if (!this.#isInPlace())
      throw new Failure('FILE_REPLACED', `${this.#settings.file} was replaced meanwhile`)
    return result
  }

  /** Changes nothing, and yet has something to commit. Within a write. */
  touch(): void {
    this.#open.exec(`PRAGMA user_version = ${schemaVersion}`)
  }

  /** Opens what is in the place of the file now. */
  followFile(): void {
    if (this.#isReady && this.#isInPlace()) return
    if (this.#isReady) this.close()
    this.#openFile()
    this.#openedCount += 1
    this.#onOpened({ count: this.#openedCount, identity: this.#identity, driver: this.#driver.name })
  }

  close(): void {
    this.#isReady = false
    const session = this.#session
    this.#session = null
    session?.close()
  }

  get #open(): Session {
    if (this.#session === null) throw new Failure('CLOSED', 'the file is not open')
    return this.#session
  }

  #isInPlace(): boolean {
    return identityOf(this.#settings.file) === this.#identity
  }

  #openFile(): void {
    const { file } = this.#settings
    // A connection that has found a lock taken is gone on with: closed ones keep their file open for a while.
    try {
      this.#session ??= new Session(this.#driver, file)
      this.#prepare(this.#session)
      this.#identity = identityOf(file)
      this.#isReady = true
    } catch (error) {
      const failure = asFailure(error)
      if (!failure.isPassing) this.close()
      throw failure.code === 'SQLITE_CANTOPEN' ? accessFailure(file, failure) : failure
    }
  }

  #prepare(session: Session): void {
    const { file, synchronous } = this.#settings
    session.exec('PRAGMA busy_timeout = 0')
    if (!session.transaction(beginRead, () => this.#isOurs())) this.#create(session)
    session.exec('PRAGMA journal_mode = WAL')
    const mode = session.get('PRAGMA journal_mode')?.journal_mode
    if (mode !== 'wal') throw new Failure('NO_WAL', `the journal mode of ${file} stays ${mode}`)
    session.exec(`PRAGMA synchronous = ${synchronous}`)
    // Only macOS knows these: its fsync alone does not reach the disk.
    session.exec(`PRAGMA fullfsync = ${synchronous === 'full'}`)
    session.exec('PRAGMA checkpoint_fullfsync = true')
    session.exec(`PRAGMA journal_size_limit = ${journalSizeLimit}`)
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

  #checked<T>(work: () => T): T {
    assertLayout(this, this.#settings.file)
    return work()
  }

  #create(session: Session): void {
    // Both can only be said before there is a table. Freed pages are given back little by little.
    session.exec('PRAGMA auto_vacuum = INCREMENTAL')
    session.exec('PRAGMA journal_mode = WAL')
    session.transaction('BEGIN IMMEDIATE', () => {
      // Another process may have been faster.
      if (!this.#isOurs()) session.exec(schemaSql)
    })
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
