import type { Driver } from '../file/driver/driver.ts'
import { Failure } from '../file/failure.ts'
import { assertLayout } from '../file/layout.ts'
import { identityOf } from '../file/place.ts'
import { journalSizeLimit } from '../file/schema.ts'
import { type Queries, Session } from '../file/session.ts'
import { KnownChannels } from './known-channels.ts'

/** What the connection knows the file as. */
const schema = 'log'

/**
 * A connection for batches alone, to a file that the worker has opened, recovered and made ready. It waits for no lock and never for the
 * disk, but where a WAL begins anew: checkpoints are the worker's.
 *
 * The file is attached to an empty database: `libsql` keeps a connection open for as long as one of its statements was not collected as
 * garbage, and its file can only be let go of by detaching it.
 */
export class FileWriter {
  readonly #session: Session
  readonly #file: string
  readonly #identity: string
  readonly #channels = new KnownChannels()

  /**
   * @param identity Of the file that the worker has opened.
   * @throws Failure, also where another file is in its place.
   */
  constructor(driver: Driver, file: string, identity: string) {
    this.#file = file
    this.#identity = identity
    this.#assertInPlace()
    this.#session = new Session(driver, ':memory:')
    try {
      this.#session.exec('PRAGMA busy_timeout = 0')
      this.#session.exec('PRAGMA wal_autocheckpoint = 0')
      this.#session.exec(`ATTACH '${file.replaceAll("'", "''")}' AS ${schema}`)
      this.#session.exec(`PRAGMA ${schema}.synchronous = NORMAL`)
      this.#session.exec(`PRAGMA ${schema}.journal_size_limit = ${journalSizeLimit}`)
      assertLayout(this.#session, file, schema)
      this.#assertInPlace()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * Several writes, all or none. Where the file is replaced at this very moment they are stored in the old one, like what was stored before.
   *
   * @throws Failure, and then nothing was stored.
   */
  write<T>(work: (queries: Queries, channels: KnownChannels) => T): T {
    this.#assertInPlace()
    try {
      return this.#session.transaction('BEGIN IMMEDIATE', () => {
        if (!this.#channels.areUpToDate(this.#dataVersion())) assertLayout(this.#session, this.#file, schema)
        return work(this.#session, this.#channels)
      })
    } catch (error) {
      this.#channels.forget()
      throw error
    }
  }

  close(): void {
    try {
      this.#session.exec(`DETACH ${schema}`)
    } catch {
      // It could not be attached. Where it cannot be let go of, closing does it, with `libsql` when its statements are collected.
    }
    this.#session.close()
  }

  #dataVersion(): number {
    return Number(this.#session.get(`PRAGMA ${schema}.data_version`)?.data_version)
  }

  #assertInPlace(): void {
    if (identityOf(this.#file) !== this.#identity)
      throw new Failure('FILE_REPLACED', `${this.#file} was replaced`)
  }
}
