// Everything of core, so that an application needs this package alone.
export * from '@rivulet/core'
export type { ExpressSse, OpenStream } from './express-sse.ts'
export { sse } from './sse.ts'
