export {
  createEventSource,
  type EventSourceLike,
  type EventSourceMessage,
  type EventSourceOptions,
} from './event-source/event-source.ts'
