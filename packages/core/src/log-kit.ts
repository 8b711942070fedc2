/**
 * Building blocks for those who write a log over another engine: `@rivulet/core/log-kit`.
 *
 * An `EventLog` needs none of them; Rivulet's own are made of them, so that order, repair and errors are the same everywhere.
 */
export { channelNameOf, positionId, prepareEvent } from './channel/prepare-event.ts'
export type { PreparedEvent } from './channel/publisher.ts'
export {
  type AppendOutcome,
  AppendQueue,
  type AppendQueueOptions,
  AppendQueues,
  type QueuedAppend,
} from './log/kit/append-queue.ts'
export { backOff, retryDelayMs } from './log/kit/back-off.ts'
export { decodeEntry, encodeEntry } from './log/kit/entry-text.ts'
export type { Feed } from './log/kit/feed.ts'
export { Follower, type FollowerOptions } from './log/kit/follower.ts'
export {
  channelEndedError,
  type ErrorExplanation,
  explainLogError,
  type LogFailure,
  logClosedError,
} from './log/kit/log-error.ts'
export type { LogMessage } from './log/kit/message.ts'
export { Turns } from './log/kit/turns.ts'
export { within } from './log/kit/within.ts'
export { checkLength, epochLength, randomText } from './log/random-text.ts'
export {
  callback,
  checked,
  duration,
  durationOrOff,
  flag,
  integer,
  type OptionCheck,
  type OptionChecks,
  resolveOptions,
} from './wire/options.ts'
