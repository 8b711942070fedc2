import { ClientError } from '../client-error.ts'
import { BlockParser, type ParsedBlock } from '../parse/block-parser.ts'
import { readWebStream } from '../parse/web-stream.ts'
import type { ResolvedConnectOptions } from './connect-options.ts'
import type { ConnectionEnd } from './connection.ts'
import { makeRequest } from './request.ts'
import { judgeResponse } from './response-verdict.ts'
import { watchSilence } from './silence.ts'
import { unbuildable } from './unbuildable.ts'

/** What came of one try. */
export type Outcome =
  | ConnectionEnd
  | { readonly reason: 'retry'; readonly error?: ClientError | undefined; readonly afterMs?: number }

/** Who hears what one try brings. */
export interface AttemptHandlers {
  opened(): void
  retry(retryMs: number): void
  /** @returns whether that was the last there will ever be */
  received(block: ParsedBlock | string): boolean
  /** Resolves when more may be read; `null`: at once. */
  room(): Promise<void> | null
}

/** One connection, from its request to its end. A ClientError as the reason of `trying`'s abort becomes the outcome's. */
export async function attempt(
  url: string,
  options: ResolvedConnectOptions,
  lastEventId: string,
  trying: AbortController,
  handlers: AttemptHandlers,
): Promise<Outcome> {
  const { signal } = trying
  const silence = watchSilence(options.silenceMs, (error) => trying.abort(error))
  // Neither options that are functions nor what stands in for fetch need look at the signal.
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  try {
    silence.broken()
    const request = await Promise.race([makeRequest(url, options, lastEventId, signal), aborted])
    const { fetch: send } = options
    const sending = send(url, request)
    sending.then(({ body }) => (signal.aborted ? body?.cancel() : null)).catch(() => {})
    const response = await Promise.race([sending, aborted])
    const verdict = judgeResponse(response, typeof options.headers === 'function')
    if (verdict.reason !== 'stream') {
      response.body?.cancel().catch(() => {})
      return verdict
    }
    handlers.opened()
    const parser = new BlockParser(lastEventId, options.maxEventLength, handlers.retry)
    for await (const bytes of readWebStream(verdict.body, signal)) {
      silence.broken()
      for (const each of parser.push(bytes)) {
        signal.throwIfAborted()
        if (handlers.received(each)) return { reason: 'end' }
      }
      const room = handlers.room()
      if (room !== null) {
        // Whoever takes their time is not the network's silence.
        silence.stop()
        await room
        silence.broken()
      }
    }
    signal.throwIfAborted()
    return { reason: 'retry' }
  } catch (cause) {
    return judgeFailure(cause, signal)
  } finally {
    silence.stop()
  }
}

function judgeFailure(cause: unknown, { aborted, reason }: AbortSignal): Outcome {
  if (aborted) return { reason: 'retry', error: reason instanceof ClientError ? reason : undefined }
  if (cause instanceof ClientError) return { reason: 'failed', error: cause }
  // What Node's fetch finds only when it sends: characters that its headers can't have.
  if ((cause as { cause?: { code?: unknown } } | null)?.cause?.code === 'UND_ERR_INVALID_ARG') {
    return { reason: 'failed', error: unbuildable(cause) }
  }
  const error = new ClientError('ERR_SSE_CLIENT_NETWORK', 'There is no connection.', { cause })
  return { reason: 'retry', error }
}
