export {
  type CloseOptions,
  type CloseReason,
  createSse,
  type ErrorContext,
  type EventFields,
  type EventStream,
  type HeaderValues,
  type PipeSource,
  type Sse,
  SseError,
  type SseErrorCode,
  type SseOptions,
  type StreamCloseMessage,
  type StreamErrorMessage,
  type StreamHandler,
  type StreamOpenMessage,
  type StreamOptions,
  type StreamRequest,
  type StreamResponse,
  type Subscribable,
} from '@rivulet/core'
export type { ExpressSse, OpenStream } from './express-sse.ts'
export { sse } from './sse.ts'
