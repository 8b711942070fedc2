import type { Sink } from './sink.ts'

/** The sink of a response that was answered without a stream. */
export const closedSink: Sink = {
  bufferedBytes: 0,
  isEnded: true,
  isGone: true,
  completedBytes: 0,
  begin: () => false,
  write: () => false,
  writeAtOnce: () => false,
  touch: () => 0,
  hold: () => {},
  release: () => {},
  end: () => {},
  destroy: () => {},
}
