import type { StreamResponse } from '@rivulet/core'

/**
 * Calls back when a response is done with: its last bytes are with the kernel, or its client has left.
 *
 * Errors wait for it: what Express does with an error after the head was sent is to destroy the connection, and with it
 * events that were sent before.
 */
export function whenClosed(response: StreamResponse, callback: () => void): void {
  const { socket } = response.req
  if (response.destroyed || socket.destroyed) {
    callback()
    return
  }
  const onClose = () => {
    response.off('close', onClose)
    socket.off('close', onClose)
    callback()
  }
  response.once('close', onClose)
  // A response that waits behind another on its connection gets no `close` when that connection breaks.
  socket.once('close', onClose)
}
