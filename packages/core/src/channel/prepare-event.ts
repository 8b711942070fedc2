import type { EventLog, Position } from '../log/event-log.ts'
import { formatCursor, tagOf } from '../wire/cursor.ts'
import type { AnyEvents } from '../wire/event-map.ts'
import { SseError, show } from '../wire/sse-error.ts'
import { type Channel, LogChannel } from './channel.ts'
import { checkChannelName, resolveChannelOptions } from './channel-options.ts'
import { findChannel } from './create-channel.ts'
import { type PreparedEvent, Publisher, type PublishFields } from './publisher.ts'

/**
 * An event as `channel.publish` of that log would append it: checked, with its payload as text. For logs with ways of their own to
 * store events, such as inside a user's transaction.
 *
 * @param channel A channel over this log, or the name of one: its options count where this process has it, else the defaults.
 * @throws SseError `ERR_SSE_CHANNEL` for a bad name or a channel over another log; `ERR_SSE_CHANNEL_CLOSED`; what `publish` says of
 * bad fields.
 */
export function prepareEvent<Events = AnyEvents, Output = Events>(
  log: EventLog,
  channel: Channel<Events, Output> | string,
  event: PublishFields<Events>,
): PreparedEvent {
  const name = channelNameOf(log, channel)
  const known = channel instanceof LogChannel ? channel : findChannel(name, log)
  const fields = event as PublishFields // whatever its type: it is looked at as that of any channel
  if (known !== undefined) return known.prepare(fields)
  return new Publisher(name, log, resolveChannelOptions({ log })).prepare(fields)
}

/**
 * The name of a channel that was given itself or by its name.
 *
 * @throws SseError `ERR_SSE_CHANNEL` for a bad name or a channel over another log.
 */
export function channelNameOf<Events, Output>(
  log: EventLog,
  channel: Channel<Events, Output> | string,
): string {
  if (!(channel instanceof LogChannel)) return checkChannelName(channel)
  if (channel.log === log) return channel.name
  throw new SseError(
    'ERR_SSE_CHANNEL',
    `Channel ${show(channel.name)} is kept in another log: pass { log } to createChannel().`,
    { value: channel.name },
  )
}

/** The id that clients get for a position: what `publish` and `head` of the channel give. */
export function positionId(channelName: string, position: Position): string {
  return formatCursor(tagOf(channelName), position)
}
