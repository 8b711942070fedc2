import type { EventLog } from '../log/event-log.ts'
import { createMemoryLog } from '../log/memory-log.ts'
import type { EventCheck } from '../wire/event-check.ts'
import type { AnyEvents, EventSchemas, InputOf, OutputOf } from '../wire/event-map.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { type Channel, LogChannel } from './channel.ts'
import { type ChannelOptions, checkChannelName, resolveChannelOptions } from './channel-options.ts'

type ChannelsByName = Map<string, WeakRef<LogChannel>>

const channelsByLog = new WeakMap<EventLog, ChannelsByName>()
const forgotten = new FinalizationRegistry<{ readonly channels: ChannelsByName; readonly name: string }>(
  ({ channels, name }) => {
    // A new channel may have taken the name since.
    if (channels.get(name)?.deref() === undefined) channels.delete(name)
  },
)
let processLog: EventLog | undefined

/**
 * The channel of that name: the same name on the same log gives the same channel, which is cheap, so one per answer or job is
 * fine. A channel that nobody holds and nobody is subscribed to takes no memory in this process beside its log.
 *
 * @throws SseError `ERR_SSE_CHANNEL` for a bad name, or a channel that exists with another retention
 * or other `events`; `ERR_SSE_OPTION`
 */
export function createChannel<Schemas extends EventSchemas>(
  name: string,
  options: ChannelOptions & { readonly events: Schemas },
): Channel<InputOf<Schemas>, OutputOf<Schemas>>
export function createChannel<Events = AnyEvents>(
  name: string,
  options?: ChannelOptions<Events>,
): Channel<Events>
export function createChannel(name: string, options?: ChannelOptions): Channel
export function createChannel(name: string, options?: ChannelOptions): Channel {
  const checkedName = checkChannelName(name)
  const resolved = resolveChannelOptions(options)
  processLog ??= createMemoryLog()
  const log = resolved.log ?? processLog
  const channels = channelsByLog.get(log) ?? new Map()
  channelsByLog.set(log, channels)
  const existing = channels.get(checkedName)?.deref()
  if (existing !== undefined) {
    assertSameRetention(existing, options, resolved.retention)
    assertSameEvents(existing, resolved.events)
    return existing
  }
  const channel = new LogChannel(checkedName, log, resolved, {
    hasRetention: options?.retention !== undefined,
    onClose: () => channels.delete(checkedName),
  })
  channels.set(checkedName, new WeakRef(channel))
  forgotten.register(channel, { channels, name: checkedName })
  return channel
}

/** The channel of that name that this process has over a log, if it has one. */
export function findChannel(name: string, log: EventLog): LogChannel | undefined {
  return channelsByLog.get(log)?.get(name)?.deref()
}

function assertSameRetention(
  channel: LogChannel,
  options: ChannelOptions | undefined,
  retention: unknown,
): void {
  if (
    options?.retention === undefined ||
    JSON.stringify(retention) === JSON.stringify(channel.options.retention)
  )
    return
  throw new SseError(
    'ERR_SSE_CHANNEL',
    `Channel ${show(channel.name)} exists with another retention: create it in one place, or with the same.`,
    { value: retention },
  )
}

function assertSameEvents({ name, options }: LogChannel, events: EventCheck | null): void {
  if (events === null || (options.events !== null && events.isSameAs(options.events))) return
  throw new SseError(
    'ERR_SSE_CHANNEL',
    `Channel ${show(name)} exists with other events: create it in one place, or with the same schemas.`,
    { value: name },
  )
}
