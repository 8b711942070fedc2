import type { AnyEvents, Channel, EventLog, PublishFields } from '@rivulet/core'
import type { ClientBase } from 'pg'

/** A log over PostgreSQL, which beside the contract takes part in transactions. */
export interface PostgresLog extends EventLog {
  /**
   * Makes the schema with its tables and functions, or does nothing where they are there. Any number of processes may call it at
   * once. Needs the right to create a schema, or an empty schema that the user owns.
   *
   * @throws (rejects) SseError `ERR_SSE_LOG_…`
   */
  migrate(): Promise<void>
  /**
   * Publishes inside a transaction: the event appears if and only if it commits, in the place of its commit. Several in one
   * transaction appear in call order, at the same moment.
   *
   * The event is numbered as the last thing before the commit, so it may be published anywhere in the transaction, and channels
   * in any order; there is no position, hence no id, before. The row of the channel is locked for the commit alone. With isolation
   * `REPEATABLE READ` or `SERIALIZABLE` the commit fails with SQLSTATE 40001 where others have published to the channel since
   * the transaction began: try again then, as such transactions have to anyway.
   *
   * @param client What the transaction runs on; outside of one the event is published at once.
   * @param channel A channel over this log, or its name.
   * @param event As `channel.publish` takes it; checked and serialized by the channel's options.
   * @throws (rejects) SseError for bad fields, as `publish`; `ERR_SSE_CHANNEL_ENDED`, also as SQLSTATE `SSE01` of the commit where it
   * was ended meanwhile; `ERR_SSE_LOG_…`. As after any failed statement the transaction can only be rolled back then.
   */
  publishIn<Events = AnyEvents, Output = Events>(
    client: ClientBase,
    channel: Channel<Events, Output> | string,
    event: PublishFields<Events>,
  ): Promise<void>
  /**
   * The id of the newest event that a transaction sees. In a transaction with `REPEATABLE READ` it belongs exactly to the state that
   * the same transaction reads: what `snapshot` gives as `position`. With `READ COMMITTED` call it before the state is read: then
   * what changes between is delivered again.
   *
   * @throws (rejects) SseError `ERR_SSE_CHANNEL`, `ERR_SSE_LOG_…`
   */
  headIn<Events, Output>(client: ClientBase, channel: Channel<Events, Output> | string): Promise<string>
}
