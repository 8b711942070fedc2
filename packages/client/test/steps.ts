import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a server can do that code which runs in browsers too cannot name. */
export interface StepTools {
  /** Begins an event stream in a content coding; each text is flushed. */
  compressed(response: ServerResponse, coding: 'gzip' | 'br'): { write(text: string): void; end(): void }
}

/** What a server does with one request. */
export type Step = (response: ServerResponse, request: IncomingMessage, tools: StepTools) => unknown

export interface StreamOptions {
  /** Whether the stream stays open behind the text. Default `false`. */
  readonly stays?: boolean
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a stream of this text, or of these pieces one by one; ends it, unless it is to stay open. */
export function streams(
  text: string | readonly Uint8Array[],
  { stays = false, type = 'text/event-stream', headers = {} }: StreamOptions = {},
): Step {
  return async (response) => {
    response.writeHead(200, { 'Content-Type': type, ...headers })
    for (const piece of typeof text === 'string' ? [text] : text) {
      await new Promise<unknown>((resolve) => response.write(piece, resolve))
    }
    if (!stays) response.end()
  }
}

/** Answers with a status and nothing to read. */
export function answers(status: number, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) => {
    response.writeHead(status, headers)
    response.end()
  }
}

/** Breaks the connection, with no answer. */
export const breaks: Step = (response) => response.destroy()

/** Never answers. */
export const waits: Step = () => {}
