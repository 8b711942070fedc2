/**
 * The chunks of a web stream; leaving the loop cancels it, and so does the signal, which ends the loop. Not the stream's own iterator,
 * which some browsers in use don't have.
 *
 * @param signal One that lives no longer than the stream.
 */
export async function* readWebStream(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  // One that has failed cannot be cancelled, and need not.
  const cancel = () => void reader.cancel().catch(() => {})
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted) cancel()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    cancel()
    reader.releaseLock()
  }
}
