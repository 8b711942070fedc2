import type { StreamResponse } from '@rivulet/core'

/**
 * Calls back when a response is done with: its last bytes are with the kernel, or its client has left.
 *
 * Errors wait for it: what Express does with an error after the head was sent is to destroy the connection, and with it
 * events that were sent before.
 */
export function whenClosed(response: StreamResponse, callback: () => void): void {
  if (response.destroyed) callback()
  else response.once('close', callback)
}
