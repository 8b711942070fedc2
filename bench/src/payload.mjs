/** Ends each event's payload and is nowhere else in a stream: whoever counts these bytes counts events. */
export const endMark = '~'

/**
 * Makes events whose payload is JSON of exactly `bytes` bytes.
 *
 * @param {number} bytes At least 32.
 */
export function payloads(bytes) {
  const fill = 'abcdefghijklmnopqrstuvwxyz '.repeat(Math.ceil(bytes / 27))
  return (n) => {
    const room = bytes - JSON.stringify({ n, text: endMark }).length
    return { n, text: fill.slice(0, room) + endMark }
  }
}

/** Small events as a language model gives them: one after the other, asynchronously. */
export async function* tokens(count) {
  for (let n = 0; n < count; n += 1) yield { n, text: ` word${endMark}` }
}
