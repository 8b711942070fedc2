import type { AnyEvents } from '@rivulet/core'
import type { ClientError } from '../client-error.ts'
import type { EventType, ReceivedEvent, ReceivedEventOf } from '../events.ts'

/** `connecting`: also between two tries. `closed`: for good. */
export type ConnectionState = 'connecting' | 'open' | 'closed'

/**
 * Why a connection is closed.
 *
 * - `end`: the server has said that nothing more will come.
 * - `closed`: `close()`, the signal, or the loop was left.
 * - `failed`: the error says why no other try would do better.
 */
export type ConnectionEnd =
  | { readonly reason: 'end' | 'closed'; readonly error?: undefined }
  | { readonly reason: 'failed'; readonly error: ClientError }

/**
 * A stream as a client has it: it connects again by itself, and goes on behind the last event.
 *
 * It connects when somebody first listens or takes events, so that none is lost. Loop over it for events one by one, at your pace: what
 * you don't take waits at the server. Or listen with `on`. One loop at a time.
 */
export interface Connection<Events = AnyEvents> extends AsyncIterable<ReceivedEvent<Events>> {
  readonly url: string
  readonly state: ConnectionState
  /** What resumes behind the last event that was delivered: taken by the loop, or told to the listeners. */
  readonly lastEventId: string
  /** Resolves when the connection is closed for good; never rejects. */
  readonly closed: Promise<ConnectionEnd>
  /**
   * Calls `listener` for each event of a type, Rivulet's own (`$ready`, `$gap` …) included.
   *
   * @returns stops it
   */
  on<Type extends EventType<Events>>(
    type: Type,
    listener: (event: ReceivedEventOf<Events, Type>) => void,
  ): () => void
  /**
   * Calls `listener` for each event, whatever its type.
   *
   * @returns stops it
   */
  onEvent(listener: (event: ReceivedEvent<Events>) => void): () => void
  /**
   * Calls `listener` when the state changes, with the error that made it `connecting` or `closed`, where there was one.
   *
   * @returns stops it
   */
  onState(listener: (state: ConnectionState, error?: ClientError) => void): () => void
  /** Connects anew at once, also where it was waiting for the next try. */
  reconnect(): void
  close(): void
}
