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
export { sse, sse as default } from './plugin.ts'
export type { FastifySse, OpenStream } from './reply-sse.ts'
