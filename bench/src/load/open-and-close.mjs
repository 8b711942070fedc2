import { connect } from 'node:net'
import { requestFor } from './readers.mjs'

/** Opens `count` streams, `atOnce` at a time, and hangs up as soon as each was answered. */
export async function openAndClose({ port, path, count, atOnce }) {
  let left = count
  const one = async () => {
    while (left > 0) {
      left -= 1
      await openOnce(port, path)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

function openOnce(port, path) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', reject)
    // A reset leaves no connection behind in TIME_WAIT, of which there would soon be too many.
    socket.on('data', () => socket.resetAndDestroy())
    socket.on('close', resolve)
    socket.write(requestFor(path))
  })
}
