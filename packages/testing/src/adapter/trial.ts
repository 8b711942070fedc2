import assert from 'node:assert/strict'
import type { EventStream, StreamOptions } from '@rivulet/core'
import { type Endpoint, openEndpoint } from '../collect/endpoint.ts'
import { type RequestOptions, requestOf } from '../collect/request.ts'
import type { AdapterHarness, AdapterRoute, AdapterServer, SuiteOptions } from './adapter-harness.ts'
import { Inbox } from './inbox.ts'
import { TrialClient } from './trial-client.ts'
import { within } from './within.ts'

/** One test of the suite. */
export interface Case {
  readonly name: string
  /** Default: to all. */
  readonly appliesTo?: (harness: AdapterHarness) => boolean
  readonly run: (trial: Trial) => Promise<void>
}

/** A server under test, and its clients. */
export interface TrialServer extends AdapterServer {
  readonly origin: string
  /** Everything that reached the framework's error log, in order. What a test does not take fails it. */
  readonly errors: Inbox<unknown>
  /** Sends a request, as a client does. */
  request(path: string, options?: RequestOptions): TrialClient
}

/** What a running test has. After it everything is closed, and nothing may be left open. */
export class Trial {
  readonly harness: AdapterHarness
  readonly #servers: TrialServer[] = []
  readonly #clients: TrialClient[] = []

  constructor(harness: AdapterHarness) {
    this.harness = harness
  }

  /** A server with these routes. */
  async start(
    routes: Readonly<Record<string, AdapterRoute>>,
    options: SuiteOptions = {},
  ): Promise<TrialServer> {
    const errors = new Inbox<unknown>('an error in the log')
    const running = await this.harness.start({ routes, options, onLoggedError: (error) => errors.put(error) })
    const endpoint = await openEndpoint(running.server)
    const server: TrialServer = Object.assign(running, {
      origin: endpoint.origin,
      errors,
      request: (path: string, request: RequestOptions = {}) => this.#connect(endpoint, path, request),
    })
    this.#servers.push(server)
    return server
  }

  /** One open stream: on the server, and at its client. */
  async open(options?: StreamOptions, request?: RequestOptions): Promise<OpenTrial> {
    const { route, streams } = holding(options)
    const server = await this.start({ '/': route })
    const client = server.request('/', request)
    const stream = await streams.take()
    return { server, client, stream }
  }

  /** Closes what is open, and checks what holds after every test. */
  async finish(): Promise<void> {
    const problems = this.#clients.flatMap((client) => client.problems)
    for (const client of this.#clients) client.leave()
    for (const server of this.#servers) {
      await within(server.events.close(), 'the streams to be closed')
      await within(server.close(), 'the server to close')
      assert.equal(server.events.streams.size, 0, 'a stream was left open')
      assert.equal(server.errors.size, 0, 'the error log has more than the test expects')
    }
    assert.deepEqual(problems, [], 'a server must not write that')
  }

  #connect(endpoint: Endpoint, path: string, options: RequestOptions): TrialClient {
    const client = new TrialClient(endpoint, requestOf(path, options))
    this.#clients.push(client)
    return client
  }
}

/** A stream and both of its ends. */
export interface OpenTrial {
  readonly server: TrialServer
  readonly client: TrialClient
  readonly stream: EventStream
}

/** A route that opens a stream, returns, and hands the stream to the test. */
export function holding(options?: StreamOptions): { route: AdapterRoute; streams: Inbox<EventStream> } {
  const streams = new Inbox<EventStream>('a stream to be opened')
  const route: AdapterRoute = async ({ open }) => {
    streams.put(await open(options))
  }
  return { route, streams }
}

/** The reason with which a stream is closed, once it is. */
export function closeOf(stream: EventStream): Promise<string> {
  return within(new Promise((resolve) => stream.onClose(resolve)), 'the stream to be closed')
}

/** Runs one test from its start to its clean-up. */
export async function runCase({ run }: Case, harness: AdapterHarness): Promise<void> {
  const trial = new Trial(harness)
  try {
    await run(trial)
  } catch (error) {
    // What the clean-up finds after a failure is mostly its consequence.
    await trial.finish().catch(() => {})
    throw error
  }
  await trial.finish()
}
