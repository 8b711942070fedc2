/** A storage engine that somebody writes a log for. */
declare module 'my-log' {
  import type { EventLog } from '@rivulet/core'

  export function createMyLog(url: string): EventLog
}

declare function createHarness(): Promise<import('@rivulet/testing').LogHarness>
declare const describeLog: typeof import('@rivulet/testing').describeLog
declare function startEngine(): Promise<{
  readonly url: string
  dropConnections(): Promise<void>
  forget(channel: string, range: { after: number }): Promise<void>
  stop(): Promise<void>
}>
