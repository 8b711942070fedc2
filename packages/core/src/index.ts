export type { Channel, ChannelStats } from './channel/channel.ts'
export type { ChannelOptions } from './channel/channel-options.ts'
export { createChannel } from './channel/create-channel.ts'
export type {
  ChannelDeliverMessage,
  ChannelGapMessage,
  ChannelPublishMessage,
  ChannelReplayMessage,
  ChannelSlowMessage,
  LogErrorMessage,
  LogReconnectMessage,
} from './channel/diagnostics.ts'
export { type InterruptedChannel, interruptedChannels } from './channel/interruptions.ts'
export type { PublishFields, PublishOptions } from './channel/publisher.ts'
export type {
  Snapshot,
  SnapshotRequest,
  SubscribeOptions,
  Subscription,
  SubscriptionReady,
} from './channel/subscribe-options.ts'
export type {
  AppendOptions,
  Entry,
  EventLog,
  Position,
  ReadAfter,
  ReadOptions,
  ReadResult,
  StoredEntry,
  TailHandlers,
  TailOptions,
} from './log/event-log.ts'
export { createMemoryLog, type MemoryLogOptions } from './log/memory-log.ts'
export { type ResolvedRetention, type Retention, resolveRetention } from './log/retention.ts'
export type { ChannelEvent } from './log/ring-entry.ts'
export type { HeaderValues, StreamRequest, StreamResponse } from './sink/sink.ts'
export { createSse, type Sse, type StreamHandler } from './sse/create-sse.ts'
export type { Health, HealthOptions, UnreadyReason } from './sse/health.ts'
export type { Limits } from './sse/limits.ts'
export type { CloseOptions, ErrorContext, SseOptions } from './sse/sse-options.ts'
export type { StreamCloseMessage, StreamErrorMessage, StreamOpenMessage } from './stream/diagnostics.ts'
export type { CloseReason, EventStream, PipeSource, Subscribable } from './stream/event-stream.ts'
export type { StreamOptions } from './stream/stream-options.ts'
export type { ValidationMode } from './stream/validation-mode.ts'
export type { Gap, GapReason, Ready } from './wire/control-event.ts'
export type { EventFields } from './wire/encode-event.ts'
export {
  type AnyEvents,
  type EventOf,
  type EventSchema,
  type EventSchemas,
  type EventTypes,
  eventTypes,
  type InputOf,
  type OutputOf,
  type SchemaIssue,
  type SchemaResult,
  type SendFields,
} from './wire/event-map.ts'
export { SseError, type SseErrorCode } from './wire/sse-error.ts'
