import type { Database } from './database.ts'
import { migrationSql, schemaVersion, versionSql } from './sql/migration.ts'

/** Others may be at it, and hold the lock. */
const timeoutMs = 60_000

/** Makes the schema, once per log, and again only where it failed. */
export class Migration {
  readonly #database: Database
  readonly #schema: string
  #done: Promise<void> | null = null

  constructor(database: Database, schema: string) {
    this.#database = database
    this.#schema = schema
  }

  run(): Promise<void> {
    this.#done ??= this.#run().catch((error: unknown) => {
      this.#done = null
      throw error
    })
    return this.#done
  }

  async #run(): Promise<void> {
    const doing = `Migrating schema "${this.#schema}"`
    const [comment] = await this.#database.query({ doing, text: versionSql(this.#schema), values: [] })
    const [, version = '0'] = /^rivulet (\d+)$/.exec(comment ?? '') ?? []
    // What a newer version has made is left to it, as while processes are replaced one by one.
    if (Number(version) >= schemaVersion) return
    await this.#database.script(doing, migrationSql(this.#schema), timeoutMs)
  }
}
