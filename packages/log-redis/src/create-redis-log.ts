import { type EventLog, SseError } from '@rivulet/core'
import type { RedisClient } from './client/client-shapes.ts'
import { detectDriver } from './client/detect-driver.ts'
import { RedisLog } from './redis-log.ts'

export interface RedisLogOptions {
  /**
   * Your client of `ioredis` or `redis`, of one server or of a cluster, connected or about to be. It is never closed, and
   * duplicated for as long as channels are followed: once, or in a cluster once per node that has one of them.
   */
  readonly client: RedisClient
  /** What all keys begin with; no braces. Logs with the same prefix share their channels. Default `rivulet:`. */
  readonly prefix?: string | undefined
  /** How long to wait for an answer, in milliseconds. Default 5,000. What comes later may have been stored all the same. */
  readonly answerMs?: number | undefined
  /**
   * How long a channel that is followed may be silent until the log looks whether something was missed, in milliseconds.
   * Default 15,000. It costs one short script per silent channel, spread over that time.
   */
  readonly checkMs?: number | undefined
}

const defaults = { prefix: 'rivulet:', answerMs: 5_000, checkMs: 15_000 }
const known = ['client', ...Object.keys(defaults)]
const maxDurationMs = 2 ** 31 - 1
/** A command that waits for a connection is taken back that long after its call has failed, whose error tells more. */
const takeBackMs = 100

/**
 * A log over Redis 6.2 or newer, or Valkey, one server or a cluster, for any number of channels: `createChannel('orders', { log })`.
 *
 * Make one per process and close it after the channels; the client stays yours. It keeps what Redis keeps: with
 * `appendfsync everysec` and after a fail-over the newest entries may be lost, which clients are then told.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function createRedisLog(options: RedisLogOptions): EventLog {
  const {
    client,
    prefix = defaults.prefix,
    answerMs = defaults.answerMs,
    checkMs = defaults.checkMs,
  } = options
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) refuse(key, `is no option; there are: ${known.join(', ')}`, key)
  }
  if (typeof prefix !== 'string' || /[{}]/.test(prefix))
    refuse('prefix', 'must be a string without braces', prefix)
  if (!isDuration(answerMs)) refuse('answerMs', 'must be a number of milliseconds from 1', answerMs)
  if (!isDuration(checkMs)) refuse('checkMs', 'must be a number of milliseconds from 1', checkMs)
  const sendMs = Math.min(answerMs + takeBackMs, maxDurationMs)
  return new RedisLog(detectDriver(client, sendMs), { prefix, answerMs, checkMs })
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 && value <= maxDurationMs
}

function refuse(name: string, rule: string, value: unknown): never {
  throw new SseError('ERR_SSE_OPTION', `createRedisLog(): ${name} ${rule}.`, { value })
}
