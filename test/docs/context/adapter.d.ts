/** A framework that somebody writes an adapter for. */
declare module 'my-framework' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
  import type { EventStream, Sse, StreamHandler, StreamOptions } from '@rivulet/core'
  import type { SuiteOptions } from '@rivulet/testing'

  interface MyRequest extends IncomingMessage {
    json(): Promise<unknown>
  }

  interface MyResponse extends ServerResponse<MyRequest> {
    set(name: string, value: string | readonly string[]): void
    sse(handlerOrOptions?: StreamHandler | StreamOptions, options?: StreamOptions): EventStream
  }

  interface MyFramework extends RequestListener {
    use(events: Sse): this
    onError(listener: (error: unknown) => void): this
    route(methods: string[], path: string, handler: (req: MyRequest, res: MyResponse) => unknown): this
  }

  export function myFramework(): MyFramework
  export function mySse(options: SuiteOptions): Sse
}

declare const harness: import('@rivulet/testing').AdapterHarness
declare const describeAdapter: typeof import('@rivulet/testing').describeAdapter
