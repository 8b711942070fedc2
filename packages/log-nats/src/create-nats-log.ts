import type { NatsConnection } from '@nats-io/transport-node'
import { type EventLog, SseError } from '@rivulet/core'
import { checked, duration, type OptionChecks, resolveOptions } from '@rivulet/core/log-kit'
import { NatsLog, type NatsLogSettings } from './nats-log.ts'

export interface NatsLogOptions {
  /** Your connection, from `connect()` of `@nats-io/transport-node`. It is used for everything and never closed. */
  readonly connection: NatsConnection
  /**
   * What the names of all streams and subjects begin with: 1 to 64 characters of `[A-Za-z0-9_-]`. Logs with the same prefix share
   * their channels. Default `rivulet`.
   */
  readonly prefix?: string | undefined
  /** Where new streams keep their messages. Default `file`; `memory` loses them when the server stops. */
  readonly storage?: 'file' | 'memory' | undefined
  /** On how many servers of a cluster new streams are kept. Default 1. */
  readonly replicas?: 1 | 3 | 5 | undefined
  /** How long to wait for an answer, in milliseconds. Default 5,000. What comes later may have been stored all the same. */
  readonly answerMs?: number | undefined
  /**
   * How long a channel that is followed may be silent until the log looks whether something was missed, in milliseconds.
   * Default 15,000. The server sends a short heartbeat per channel three times as often.
   */
  readonly checkMs?: number | undefined
}

const defaults: Omit<NatsLogSettings, 'connection'> = {
  prefix: 'rivulet',
  storage: 'file',
  replicas: 1,
  answerMs: 5_000,
  checkMs: 15_000,
}

const checks: OptionChecks<Omit<NatsLogSettings, 'connection'>> = {
  prefix: checked(
    'must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -',
    (value): value is string => typeof value === 'string' && /^[\w-]{1,64}$/.test(value),
  ),
  storage: checked(
    "must be 'file' or 'memory'",
    (value): value is 'file' | 'memory' => value === 'file' || value === 'memory',
  ),
  replicas: checked(
    'must be 1, 3 or 5',
    (value): value is 1 | 3 | 5 => value === 1 || value === 3 || value === 5,
  ),
  answerMs: duration,
  checkMs: duration,
}

/**
 * A log over NATS JetStream, server 2.9 or newer, with one stream per channel: for hundreds of channels, not for one per user.
 *
 * Make one per process and close it after the channels; the connection stays yours.
 *
 * @throws SseError `ERR_SSE_OPTION`
 * @see https://docs.nats.io/nats-concepts/jetstream
 */
export function createNatsLog(options: NatsLogOptions): EventLog {
  const { connection, ...others } = options
  if (!isConnection(connection)) {
    throw new SseError(
      'ERR_SSE_OPTION',
      'createNatsLog(): connection must be what connect() of @nats-io/transport-node resolves to (did you await it?).',
      { value: connection },
    )
  }
  return new NatsLog({ connection, ...resolveOptions('createNatsLog()', others, defaults, checks) })
}

/** By its shape: it may come from another copy of the library. */
function isConnection(value: unknown): value is NatsConnection {
  return (
    typeof value === 'object' &&
    value !== null &&
    'publish' in value &&
    'request' in value &&
    'status' in value
  )
}
