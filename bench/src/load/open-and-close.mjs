import { connect } from 'node:net'
import { problemOf, requestFor, streamAnswer } from './readers.mjs'

/**
 * Opens `count` streams, `atOnce` at a time, and hangs up as soon as each was answered.
 *
 * @throws where one was not answered as `wanted` says: by default, with a stream.
 */
export async function openAndClose({ port, path, count, atOnce, wanted = streamAnswer }) {
  let left = count
  // Never asleep: waking another core costs whoever writes to it 10 to 30 us on a virtual machine, and a server that leaves its load
  // time to sleep would be charged with that, one that does not would not.
  const stayAwake = () => {
    if (left > 0) setImmediate(stayAwake)
  }
  stayAwake()
  const one = async () => {
    while (left > 0) {
      left -= 1
      await openOnce(port, path, wanted)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

function openOnce(port, path, wanted) {
  return new Promise((resolve, reject) => {
    let problem = 'hung up without an answer'
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', reject)
    socket.once('data', (chunk) => {
      problem = problemOf(chunk.latin1Slice(), wanted)
      // A reset leaves no connection behind in TIME_WAIT, of which there would soon be too many.
      socket.resetAndDestroy()
    })
    socket.on('close', () => (problem === undefined ? resolve() : reject(new Error(problem))))
    socket.write(requestFor(path))
  })
}
