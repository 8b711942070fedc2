import type {
  AnyEvents,
  AppendOptions,
  Channel,
  Entry,
  Position,
  PublishFields,
  ReadOptions,
  ReadResult,
  Retention,
  TailHandlers,
  TailOptions,
} from '@rivulet/core'
import { AppendQueues, Follower, logClosedError } from '@rivulet/core/log-kit'
import type { ClientBase, ClientConfig, Pool } from 'pg'
import { BatchStore, batchLimits } from './batch-store.ts'
import { Database } from './database.ts'
import { clientOpener } from './follow/connection.ts'
import { PostgresFeed } from './follow/postgres-feed.ts'
import { readHistory } from './history-reader.ts'
import { logError } from './log-error.ts'
import { Migration } from './migration.ts'
import type { LogParts } from './parts.ts'
import type { PostgresLog } from './postgres-log.ts'
import { Retentions } from './retentions.ts'
import { quoteName } from './sql/quote.ts'
import { headIn, publishIn } from './transaction.ts'
import { Upkeep } from './upkeep.ts'

/** Options with every default filled in. */
export interface PoolLogSettings {
  readonly pool: Pool
  readonly schema: string
  readonly migrate: boolean
  readonly notify: boolean
  readonly listenOn: ClientConfig | undefined
  readonly answerMs: number
  readonly checkMs: number
  readonly minPollMs: number
  readonly maxPollMs: number
}

/** One statement per call on clients of the pool, and one connection of its own that listens. */
export class PoolLog implements PostgresLog {
  readonly #parts: LogParts
  readonly #migration: Migration
  readonly #migratesItself: boolean
  readonly #follower: Follower
  readonly #queues: AppendQueues
  readonly #upkeep: Upkeep
  /** Connections that listened and are on their way to be closed. */
  readonly #leaving = new Set<Promise<void>>()
  #isClosed = false

  constructor(settings: PoolLogSettings) {
    const { pool, notify, schema } = settings
    const database = new Database(pool, settings.answerMs)
    const parts: LogParts = { database, schema: quoteName(schema), notify, retentions: new Retentions() }
    this.#parts = parts
    this.#migration = new Migration(database, schema)
    this.#migratesItself = settings.migrate
    const open = notify ? clientOpener(pool, settings.listenOn) : null
    this.#follower = new Follower({
      feed: (follower) =>
        new PostgresFeed({
          ...settings,
          log: parts,
          follower,
          open,
          onStop: (gone) => this.#leave(gone),
          onAdd: (channel) => this.#keep(channel),
          // Whoever only follows keeps its channels in use, too.
          onCheck: () => this.#upkeep.note(),
        }),
      read: (channel, options) => this.read(channel, options),
      checkMs: settings.checkMs,
      toError: (error) => logError('Following channels', error),
    })
    this.#upkeep = new Upkeep(parts, this.#follower)
    const store = new BatchStore(parts, this.#follower, (count) => this.#upkeep.purged(count))
    this.#queues = new AppendQueues({ ...batchLimits, store: (batch) => store.store(batch) })
  }

  async append(channel: string, entry: Entry, options: AppendOptions = {}): Promise<Position> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    // Without a wait where there is none, so that calls are queued in their order.
    if (this.#migratesItself) await this.#migrateFirst()
    this.#upkeep.note()
    return this.#queues.append(channel, entry, options)
  }

  async read(channel: string, options: ReadOptions): Promise<ReadResult> {
    await this.#begin()
    return readHistory(this.#parts, channel, options)
  }

  async tail(channel: string, options: TailOptions, handlers: TailHandlers): Promise<void> {
    this.#assertOpen()
    await this.#follower.follow(channel, options, handlers)
  }

  async configure(channel: string, { retention }: { readonly retention: Retention }): Promise<void> {
    this.#assertOpen()
    const encoded = this.#parts.retentions.set(channel, retention)
    await this.#begin()
    await this.#call(`Configuring channel "${channel}"`, 'configure', [channel, encoded])
  }

  async delete(channel: string): Promise<void> {
    await this.#begin()
    await this.#call(`Deleting channel "${channel}"`, 'forget', [channel, this.#parts.notify])
  }

  async migrate(): Promise<void> {
    this.#assertOpen()
    await this.#migration.run()
  }

  async publishIn<Events = AnyEvents, Output = Events>(
    client: ClientBase,
    channel: Channel<Events, Output> | string,
    event: PublishFields<Events>,
  ): Promise<void> {
    await this.#begin()
    await publishIn(this.#parts, this, client, { channel, event })
    this.#upkeep.published()
  }

  async headIn<Events, Output>(
    client: ClientBase,
    channel: Channel<Events, Output> | string,
  ): Promise<string> {
    await this.#begin()
    return headIn(this.#parts, this, client, channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#follower.close()
    await this.#queues.close(logClosedError('PostgreSQL'))
    await this.#upkeep.close()
    await Promise.all(this.#leaving)
    this.#parts.database.close()
  }

  async #begin(): Promise<void> {
    this.#assertOpen()
    if (this.#migratesItself) await this.#migrateFirst()
    this.#upkeep.note()
  }

  async #migrateFirst(): Promise<void> {
    await this.#migration.run()
    // It may have been closed meanwhile.
    this.#assertOpen()
  }

  /** Where the schema is not there, who follows is told by the read that comes next. */
  async #keep(channel: string): Promise<void> {
    const isThere = await this.#begin().then(
      () => true,
      () => false,
    )
    if (isThere) await this.#upkeep.keep(channel)
  }

  async #call(doing: string, name: string, values: readonly unknown[]): Promise<void> {
    const { database, schema } = this.#parts
    await database.query({ doing, text: `SELECT ${schema}.${name}($1, $2)::text`, values })
  }

  #leave(gone: Promise<void>): void {
    this.#leaving.add(gone)
    gone.finally(() => this.#leaving.delete(gone)).catch(() => {}) // It never rejects.
  }

  #assertOpen(): void {
    if (this.#isClosed) throw logClosedError('PostgreSQL')
  }
}
