import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventLog } from '@rivulet/core'
import { createSqliteLog, type SqliteLogOptions } from '../../src/index.ts'
import { Outsider } from './outsider.ts'

/** A file of one test, the logs over it, and another program that has it open, to look at it and to do damage. */
export class Storage {
  readonly folder = mkdtempSync(join(tmpdir(), 'rivulet-sqlite-'))
  readonly file = join(this.folder, 'events.db')
  readonly #logs: EventLog[] = []
  readonly #outsiders: Outsider[] = []

  /** A log with a thread of its own, as another process has it. */
  log(options: Partial<SqliteLogOptions> = {}): EventLog {
    const log = createSqliteLog({ file: this.file, checkMs: 300, ...options })
    this.#logs.push(log)
    return log
  }

  /** Another process with the same file open. */
  async outsider(file = this.file): Promise<Outsider> {
    const outsider = await Outsider.start(file)
    this.#outsiders.push(outsider)
    return outsider
  }

  /** A whole copy of the file as it is now. */
  async backUp(): Promise<string> {
    const backup = join(this.folder, `backup-${randomUUID()}.db`)
    const outsider = await this.outsider()
    await outsider.run(`VACUUM INTO '${backup}'`)
    return backup
  }

  /** Puts another file in the place of this one, as restoring a backup does. */
  replaceBy(file: string): void {
    for (const beside of ['-wal', '-shm']) rmSync(this.file + beside, { force: true })
    renameSync(file, this.file)
  }

  /** Takes a channel back to an offset, within the file. */
  async rollBack(channel: string, offset: number): Promise<void> {
    const outsider = await this.outsider()
    const history = `(SELECT history FROM channel WHERE name = '${channel}')`
    const kept = `SELECT "check", bytes FROM entry WHERE history = ${history} AND offset = ${offset}`
    await outsider.run(`BEGIN IMMEDIATE;
      DELETE FROM entry WHERE history = ${history} AND offset > ${offset};
      DELETE FROM idempotency;
      UPDATE channel SET (head_check, bytes) = (${kept}), head = ${offset}, ended = 0 WHERE name = '${channel}';
      UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM entry) WHERE name = 'entry';
      COMMIT`)
  }

  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const outsider of this.#outsiders) await outsider.end()
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true })
  }
}
