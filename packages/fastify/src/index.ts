// Everything of core, so that an application needs this package alone.
export * from '@rivulet/core'
export { sse, sse as default } from './plugin.ts'
export type { FastifySse, Limits, OpenStream, SseOptions } from './reply-sse.ts'
