import type { IncomingHttpHeaders } from 'node:http'
import { type CollectOptions, checkCollectOptions } from './collect-options.ts'
import type { CollectedEvent } from './collected-event.ts'
import { type CollectTarget, openEndpoint } from './endpoint.ts'
import { requestOf } from './request.ts'
import { StreamClient } from './stream-client.ts'

/** What came of a stream. */
export interface CollectedStream {
  /** Status of the response. */
  readonly status: number
  /** Headers of the response, by their names in lower case; `set-cookie` is an array. */
  readonly headers: IncomingHttpHeaders
  /** The events in the order in which they came; none where the answer was no event stream. */
  readonly events: readonly CollectedEvent[]
  /** The texts of comments, one per line of them. A heartbeat is `''`. */
  readonly comments: readonly string[]
  /** The reconnection time as the client has it now, in milliseconds; `null` if the server named none. */
  readonly retryMs: number | null
  /** What a client would bring back now: give it to the next `collect` to resume. `''` if there is nothing. */
  readonly lastEventId: string
  /** The body as it came, out of its content coding if it had one, up to the end of the last event that was asked for. */
  readonly raw: Buffer
  /** Whether the server ended the response; `false` where enough had come before. */
  readonly ended: boolean
  /** What a server should not have written, each with its line: clients ignore it or read it differently. */
  readonly problems: readonly string[]
}

const defaultTimeoutMs = 4_000

/**
 * Opens a stream as a client does and gathers what comes: until `count` events have come, until `until` says so, or else
 * until the server ends it, whichever is first.
 *
 * A target that doesn't listen is started on a free port of the loopback interface and closed again; it can be collected
 * from any number of times, at the same time too. The connection is real and is dropped afterwards; for a target that was
 * started here the server has also seen the client leave when the promise resolves. Nothing is left that keeps a process alive.
 *
 * @param target An Express app, a Fastify instance, a request listener, a server, or a URL (of which the origin counts).
 * @param path Path and query of the stream.
 * @throws (rejects) with SseError `ERR_SSE_TIMEOUT` when not enough has come in time, saying what came; with SseError
 * `ERR_SSE_OPTION`; with what `until` throws; with an Error whose `cause` is Node's when there is no connection or it breaks.
 */
export async function collect(
  target: CollectTarget,
  path: string,
  options: CollectOptions = {},
): Promise<CollectedStream> {
  checkCollectOptions(options)
  const endpoint = await openEndpoint(target)
  try {
    const progress = new Progress(options)
    const client = new StreamClient(endpoint, requestOf(path, options), (event) => progress.isEnough(event))
    try {
      const isEnough = () => progress.hasEnough || (options.count === 0 && client.status !== 0)
      await client.waitFor(isEnough, progress.goal, options.timeoutMs ?? defaultTimeoutMs)
      if (client.state === 'broken' && !isEnough()) {
        throw new Error(client.describe(`the connection broke while waiting for ${progress.goal}`), {
          cause: client.error,
        })
      }
      progress.rethrow()
      return resultOf(client)
    } finally {
      client.leave()
    }
  } finally {
    await endpoint.release()
  }
}

/** How far a collection is from enough. */
class Progress {
  hasEnough = false
  readonly goal: string
  readonly #options: CollectOptions
  #count = 0
  #thrown: { readonly error: unknown } | undefined

  constructor(options: CollectOptions) {
    this.#options = options
    const { count, until } = options
    const goals = [
      ...(count === undefined ? [] : [count === 0 ? 'the head' : `${count} events`]),
      ...(until === undefined ? [] : ['the event that until() looks for']),
    ]
    this.goal = goals.join(' or ') || 'the end of the stream'
  }

  isEnough(event: CollectedEvent): boolean {
    const { count, countControl = false, until } = this.#options
    if (countControl || !event.isControl()) this.#count += 1
    try {
      if (this.#count === count || until?.(event) === true) this.hasEnough = true
    } catch (error) {
      // We are inside a socket's listener: nobody would catch it there.
      this.#thrown = { error }
      this.hasEnough = true
    }
    return this.hasEnough
  }

  /** @throws what `until` threw */
  rethrow(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error
  }
}

function resultOf(client: StreamClient): CollectedStream {
  const { status, headers, events, comments, retryMs, lastEventId, raw, problems } = client
  return {
    status,
    headers,
    events,
    comments,
    retryMs,
    lastEventId,
    raw,
    ended: client.state === 'ended',
    problems,
  }
}
