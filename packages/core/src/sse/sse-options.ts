import type { StreamRequest, StreamResponse } from '../sink/sink.ts'
import type { EventStream } from '../stream/event-stream.ts'
import {
  type ResolvedStreamOptions,
  type StreamOptions,
  streamDefaults,
  streamOptionChecks,
} from '../stream/stream-options.ts'
import { callback, integer, type OptionChecks, resolveOptions } from '../wire/options.ts'
import { type Limits, type ResolvedLimits, resolveLimits } from './limits.ts'
import { type RetryRange, retryRange } from './retry-range.ts'

/** What an error happened to. */
export interface ErrorContext {
  readonly stream: EventStream
  readonly request: StreamRequest
  readonly response: StreamResponse
}

/**
 * Options of a whole application: defaults for its streams, and what concerns all of them.
 *
 * @typeParam Request What `limits.key` gets: the framework's own request.
 */
export interface SseOptions<Request = StreamRequest> extends StreamOptions {
  /** How many streams there may be. Default: any number. */
  readonly limits?: Limits<Request> | undefined
  /** What `close()` does where it is not told otherwise, and where a framework calls it (`fastify.close()`). */
  readonly close?: CloseOptions | undefined
  /**
   * Gets what a handler (`open(req, res, handler)`) or an `onClose` listener threw or rejected with, after the stream was
   * closed. The adapters set it to their framework's own way. Default: an unhandled rejection, as for any async listener of
   * `node:http`.
   */
  readonly onError?: ((error: unknown, context: ErrorContext) => void) | undefined
}

/** How to shut down. */
export interface CloseOptions {
  /** Time over which open streams are hung up, in milliseconds; what is still open then is dropped. Default 0: all at once. */
  readonly graceMs?: number | undefined
  /** Bounds of the reconnection time that each client is told, in milliseconds. Default `[1_000, 5_000]`. */
  readonly retryMs?: RetryRange | undefined
}

export interface ResolvedCloseOptions {
  readonly graceMs: number
  readonly retryMs: RetryRange
}

const closeDefaults: ResolvedCloseOptions = { graceMs: 0, retryMs: [1_000, 5_000] }
const closeChecks: OptionChecks<ResolvedCloseOptions> = {
  graceMs: integer(0, 2 ** 31 - 1),
  retryMs: retryRange,
}

/** @param defaults What the application was set up with. @throws SseError `ERR_SSE_OPTION` */
export function resolveCloseOptions(
  options: CloseOptions | undefined,
  defaults: ResolvedCloseOptions,
): ResolvedCloseOptions {
  return resolveOptions('close()', options, defaults, closeChecks)
}

export interface ResolvedSseOptions {
  readonly stream: ResolvedStreamOptions
  readonly limits: ResolvedLimits
  readonly close: ResolvedCloseOptions
  readonly onError: (error: unknown, context: ErrorContext) => void
}

type ErrorHandler = ResolvedSseOptions['onError']

const sseDefaults = {
  ...streamDefaults,
  limits: resolveLimits('limits', {}),
  close: closeDefaults,
  onError: rejectUnhandled as ErrorHandler,
}
const sseChecks = {
  ...streamOptionChecks,
  limits: resolveLimits,
  close: (name: string, value: unknown) => resolveOptions(name, value, closeDefaults, closeChecks),
  onError: callback<ErrorHandler>,
}

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveSseOptions(options: SseOptions | undefined): ResolvedSseOptions {
  const { onError, limits, close, ...stream } = resolveOptions('A stream', options, sseDefaults, sseChecks)
  return { stream, limits, close, onError }
}

/** Gives an error that nobody takes to Node, which ends the process over it unless told otherwise. */
export function rejectUnhandled(error: unknown): void {
  void Promise.reject(error)
}
