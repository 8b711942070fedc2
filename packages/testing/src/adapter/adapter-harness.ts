import type { Server } from 'node:net'
import type {
  EventStream,
  Sse,
  SseOptions,
  StreamHandler,
  StreamOptions,
  StreamRequest,
  StreamResponse,
} from '@rivulet/core'

/**
 * What an adapter's author writes so that the suite can run over the adapter: a server of the framework, with the
 * framework's own ways behind a few words that all frameworks share.
 */
export interface AdapterHarness {
  /** `http1` adds what only exists there: HTTP/1.0, pipelining, kept-alive connections. */
  readonly protocol: 'http1' | 'http2'
  /** Whether closing the server as the framework's users do ends open streams by itself. Default `false`. */
  readonly drainsOnClose?: boolean
  /** Starts a new server. The suite closes it. */
  start(setup: AdapterSetup): Promise<AdapterServer>
}

/** The suite's `limits.key` looks at nothing but what every framework's request has. */
export type SuiteOptions = SseOptions<Pick<StreamRequest, 'headers'>>

/** The application that a test wants to have. */
export interface AdapterSetup {
  /** For the adapter, as its users give them. */
  readonly options: SuiteOptions
  /** Routes by path. Each answers GET and POST (and HEAD as the framework does it), other methods are the framework's affair. */
  readonly routes: Readonly<Record<string, AdapterRoute>>
  /** To be called with every error that reaches the framework's error log. */
  readonly onLoggedError: (error: unknown) => void
}

/** A route's handler, registered with the framework as a user would: what it throws or rejects with is the framework's. */
export type AdapterRoute = (context: RouteContext) => unknown

/** One request in a route. */
export interface RouteContext {
  /** Node's own request. */
  readonly request: StreamRequest
  /** Node's own response. */
  readonly response: StreamResponse
  /** Sets a response header as the framework's users do. */
  setHeader(name: string, value: string | readonly string[]): void
  /** Reads the body as the framework's users do. */
  readBody(): Promise<unknown>
  /** The adapter under test: `res.sse`, `reply.sse` or what it is called. */
  open(
    handlerOrOptions?: StreamHandler | StreamOptions,
    options?: StreamOptions,
  ): EventStream | Promise<EventStream>
}

/** A server that runs. */
export interface AdapterServer {
  /** Listens on the loopback interface. */
  readonly server: Server
  /** What the adapter gives its users to see and close streams. */
  readonly events: Pick<Sse, 'streams' | 'closeWhere' | 'close' | 'health'>
  /** Closes the server as the framework's users do; resolves when it is closed. */
  close(): Promise<void>
}
