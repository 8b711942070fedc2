import type { RequestListener } from 'node:http'
import { type DiagnoseOptions, diagnose, type Report } from '../../src/index.ts'
import { serve } from './serve.ts'

/** Long enough for what comes at once. */
export const waitMs = 600

/** The headers that a stream should have. */
export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}

/** Diagnoses a server of one listener. */
export async function diagnosed(listener: RequestListener, options: DiagnoseOptions = {}): Promise<Report> {
  const { origin } = await serve(listener)
  return diagnose(`${origin}/`, { waitMs, ...options })
}

/** A server that writes these bytes at once and then nothing. */
export function saying(
  bytes: string | Buffer,
  headers: Record<string, string> = streamHeaders,
): RequestListener {
  return (request, response) => {
    response.writeHead(200, headers)
    if (request.method === 'HEAD') response.end()
    else response.write(bytes)
  }
}
