import type { EventLog } from '../log/event-log.ts'
import {
  type ResolvedRetention,
  type Retention,
  resolveRetention,
  retentionDefaults,
} from '../log/retention.ts'
import { checkValidate, type ValidationMode } from '../stream/validation-mode.ts'
import { checkEvents, type EventCheck } from '../wire/event-check.ts'
import type { AnyEvents, EventSchemas, EventTypes } from '../wire/event-map.ts'
import {
  callback,
  checked,
  durationOrOff,
  integer,
  type OptionChecks,
  resolveOptions,
} from '../wire/options.ts'
import { SseError, show } from '../wire/sse-error.ts'

/** @typeParam Events Payloads by event type. */
export interface ChannelOptions<Events = AnyEvents> {
  /**
   * What may be published: a Standard Schema of the payload for each event type, or `eventTypes<…>()`. All payloads are then
   * JSON, strings too. Default: anything.
   */
  readonly events?: EventSchemas | EventTypes<Events> | undefined
  /** When payloads are checked against their schemas. `'development'`: unless `NODE_ENV` is `production`. Default `'always'`. */
  readonly validate?: ValidationMode | undefined
  /** Where the channel's events are kept. Default: one in-memory log for the process. */
  readonly log?: EventLog | undefined
  /** How much is kept. Default: the log's own, in memory 10,000 events or 4 MiB. */
  readonly retention?: Retention | undefined
  /** Makes the text of a payload. Default: strings as they are, everything else as JSON. */
  readonly serialize?: ((data: unknown) => string) | undefined
  /** Events that may wait to be stored, before `publish` rejects. Default 1,000. */
  readonly maxPending?: number | undefined
  /** Bytes of payload that may wait to be stored, before `publish` rejects. Default 8 MiB. */
  readonly maxPendingBytes?: number | undefined
  /** Largest payload of one event, in bytes. Default 1 MiB. */
  readonly maxEventBytes?: number | undefined
  /** How long `publish` waits for the log unless it is told otherwise, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | false | undefined
}

export interface ResolvedChannelOptions {
  readonly log: EventLog | undefined
  readonly retention: ResolvedRetention
  readonly events: EventCheck | null
  readonly validate: boolean
  readonly serialize: ((data: unknown) => string) | undefined
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly maxEventBytes: number
  readonly timeoutMs: number | false
}

const channelDefaults: ResolvedChannelOptions = {
  log: undefined,
  retention: retentionDefaults,
  events: null,
  validate: true,
  serialize: undefined,
  maxPending: 1_000,
  maxPendingBytes: 8 * 1024 * 1024,
  maxEventBytes: 1024 * 1024,
  timeoutMs: 10_000,
}

const count = integer(1, Number.MAX_SAFE_INTEGER)

const checks: OptionChecks<ResolvedChannelOptions> = {
  log: checked('must be a log, as createMemoryLog() and the log packages make them', isLog),
  retention: (_name, value) => resolveRetention(value),
  events: checkEvents,
  validate: checkValidate,
  serialize: callback,
  maxPending: count,
  maxPendingBytes: count,
  maxEventBytes: count,
  timeoutMs: durationOrOff,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveChannelOptions(options: ChannelOptions | undefined): ResolvedChannelOptions {
  return resolveOptions('createChannel()', options, channelDefaults, checks)
}

function isLog(value: unknown): value is EventLog {
  if (typeof value !== 'object' || value === null) return false
  return ['append', 'read', 'tail', 'configure', 'delete', 'close'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  )
}

const maxNameCharacters = 256

/** @throws SseError `ERR_SSE_CHANNEL` for anything but a string of 1 to 256 characters without control characters. */
export function checkChannelName(name: unknown): string {
  const isName =
    typeof name === 'string' &&
    name !== '' &&
    name.length <= maxNameCharacters &&
    !/\p{Cc}|\p{Cs}/u.test(name)
  if (isName) return name
  throw new SseError(
    'ERR_SSE_CHANNEL',
    `A channel's name is a string of 1 to ${maxNameCharacters} characters without control characters, not ${show(name)}.`,
    { value: name },
  )
}
