export { createEventSource, type EventSourceOptions } from './event-source/event-source.ts'
export type {
  EventSourceError,
  EventSourceLike,
  EventSourceMessage,
} from './event-source/event-source-like.ts'
