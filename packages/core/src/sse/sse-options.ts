import type { StreamRequest, StreamResponse } from '../sink/sink.ts'
import type { EventStream } from '../stream/event-stream.ts'
import {
  type ResolvedStreamOptions,
  type StreamOptions,
  streamDefaults,
  streamOptionChecks,
} from '../stream/stream-options.ts'
import { callback, integer, type OptionChecks, resolveOptions } from '../wire/options.ts'
import { SseError, show } from '../wire/sse-error.ts'

/** What an error happened to. */
export interface ErrorContext {
  readonly stream: EventStream
  readonly request: StreamRequest
  readonly response: StreamResponse
}

/** Options of a whole application: defaults for its streams, and what concerns all of them. */
export interface SseOptions extends StreamOptions {
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
  readonly retryMs?: readonly [min: number, max: number] | undefined
}

export interface ResolvedSseOptions {
  readonly stream: ResolvedStreamOptions
  readonly onError: (error: unknown, context: ErrorContext) => void
}

type ErrorHandler = ResolvedSseOptions['onError']

const sseDefaults = { ...streamDefaults, onError: rejectUnhandled as ErrorHandler }
const sseChecks = { ...streamOptionChecks, onError: callback<ErrorHandler> }

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveSseOptions(options: SseOptions | undefined): ResolvedSseOptions {
  const { onError, ...stream } = resolveOptions('A stream', options, sseDefaults, sseChecks)
  return { stream, onError }
}

/** Gives an error that nobody takes to Node, which ends the process over it unless told otherwise. */
export function rejectUnhandled(error: unknown): void {
  void Promise.reject(error)
}

export interface ResolvedCloseOptions {
  readonly graceMs: number
  readonly retryMs: readonly [min: number, max: number]
}

const closeDefaults: ResolvedCloseOptions = { graceMs: 0, retryMs: [1_000, 5_000] }
const durationMs = integer(0, 2 ** 31 - 1)
const closeChecks: OptionChecks<ResolvedCloseOptions> = {
  graceMs: durationMs,
  retryMs: (name, value) => {
    const [min, max] = Array.isArray(value) && value.length === 2 ? value : [value, value]
    const range = [durationMs(name, min), durationMs(name, max)] as const
    if (range[0] <= range[1]) return range
    throw new SseError('ERR_SSE_OPTION', `${name} must be [min, max] in milliseconds, not ${show(value)}.`, {
      value,
    })
  },
}

/** @throws SseError `ERR_SSE_OPTION` */
export function resolveCloseOptions(options: CloseOptions | undefined): ResolvedCloseOptions {
  return resolveOptions('close()', options, closeDefaults, closeChecks)
}
