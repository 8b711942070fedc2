import type { Position, ReadAfter } from '@rivulet/core'

/** What a worker is started with. */
export interface WorkerSettings {
  readonly file: string
  readonly synchronous: 'full' | 'normal'
  /** How often to look whether other processes have written, while something is followed. */
  readonly pollMs: number
  /** How often to tidy up: idle channels, dropped histories, the size of the files. */
  readonly upkeepMs: number
  /** Memory of {@link OwnEntries}. */
  readonly ownEntries: SharedArrayBuffer
}

/** Retention as it is stored; `null` for off. */
export interface StoredRetention {
  readonly maxEvents: number
  readonly maxBytes: number
  readonly maxAgeMs: number | null
  readonly idleMs: number | null
}

/** A channel, with what it begins with where it is not there yet. */
export interface ChannelRequest {
  readonly channel: string
  /** The epoch of a history that has to be made. */
  readonly epoch: string
  readonly retention: StoredRetention
}

/**
 * A batch of entries. It is copied from thread to thread, which takes its time by the number of values: one list, and nothing for
 * what few batches have.
 */
export interface AppendRequest {
  readonly do: 'append'
  readonly channels: readonly ChannelRequest[]
  /** Of each entry: the place of its channel in `channels`; `undefined` where there is one. */
  readonly places: readonly number[] | undefined
  /** Of each entry its JSON, its check, its time and the bytes of its payload, one after the other. */
  readonly fields: readonly (string | number)[]
  /** Of all payloads. */
  readonly bytes: number
  /** Which entries are of kind `end`. */
  readonly ends: ReadonlySet<number> | undefined
  /** Idempotency keys of those that have one. */
  readonly keys: ReadonlyMap<number, string> | undefined
}

/** How many of `AppendRequest.fields` an entry has. */
export const fieldCount = 4

export interface ReadRequest extends ChannelRequest {
  readonly do: 'read'
  readonly after: ReadAfter
  readonly limit: number
}

/** What the log asks of its worker. */
export type WorkerRequest =
  | AppendRequest
  | ReadRequest
  | (ChannelRequest & { readonly do: 'configure' })
  | (ChannelRequest & { readonly do: 'delete' })
  | { readonly do: 'follow'; readonly channel: string }
  | { readonly do: 'unfollow'; readonly channel: string }
  /** Of a channel more was trimmed than the publishers' thread deletes. */
  | { readonly do: 'tidy'; readonly channel: string }
  /** The publishers' thread leaves the WAL to grow. */
  | { readonly do: 'checkpoint' }
  /** The rest of a checkpoint, while the publishers' thread stores nothing. */
  | { readonly do: 'restartWal' }
  | { readonly do: 'heads' }
  | { readonly do: 'close' }

/** What became of a batch: each entry was stored behind the one before it of its channel, but for the exceptions. */
export interface AppendResult {
  /** The heads of the channels before the batch. */
  readonly heads: readonly Position[]
  /** By the entry's place: refused because the channel has ended, or stored before under the same idempotency key. */
  readonly exceptions: ReadonlyMap<number, 'ended' | Position> | undefined
}

/** A file that the worker has opened, recovered and made ready: the publishers' thread may open it too. */
export interface OpenedFile {
  /** Counts what the worker has opened. */
  readonly count: number
  readonly identity: string
  /** The driver's name. */
  readonly driver: string
}

export interface Page {
  readonly epoch: string
  readonly first: number
  readonly head: number
  readonly ended: boolean
  readonly invalid: 'expired' | 'unknown' | undefined
  readonly after: Position
  readonly bodies: readonly string[]
}

/** A followed channel's head; `null` where the channel is not there any more. */
export interface Head {
  readonly channel: string
  readonly position: Position | null
}

/** An entry that another process has stored; without `body`: the channel's history was begun anew. */
export interface News {
  readonly channel: string
  readonly epoch: string
  readonly offset: number
  readonly previous: string
  readonly body: string | null
}

/** An error as it comes out of the worker. */
export interface WorkerFailure {
  /** `SQLITE_…`, or a name of ours. */
  readonly code: string
  readonly message: string
}

/** What the worker says. */
export type WorkerMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: WorkerFailure }
  /** In the order in which everything was stored: always before the answer to an append that was stored behind. */
  | { readonly news: readonly News[] }
  /** Nothing is known of what was stored meanwhile. */
  | { readonly missed: true }
  | { readonly opened: OpenedFile }
  /** After a checkpoint: whether the WAL begins anew. Where batches were stored meanwhile it does not. */
  | { readonly wal: 'restarted' | 'growing' }
  /** Looking for news fails. Said once until it works again. */
  | { readonly broken: WorkerFailure }

export interface NumberedRequest {
  readonly id: number
  /** How long to go on trying while another process holds a lock. */
  readonly patienceMs: number
  readonly request: WorkerRequest
}
