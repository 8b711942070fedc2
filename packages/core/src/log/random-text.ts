import { randomFillSync } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
// Bytes from here on would make the first letters likelier than the last.
const firstUnfairByte = 256 - (256 % alphabet.length)
const pool = Buffer.alloc(1024)
let used = pool.length

/** Random characters of `[A-Za-z0-9]`, from a pool of the system's randomness. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const byte = pool[used] ?? firstUnfairByte
    used += 1
    if (byte < firstUnfairByte) text += alphabet[byte % alphabet.length]
  }
  return text
}

/** Length of an epoch made at random. */
export const epochLength = 6
/** Length of an entry's check. */
export const checkLength = 4
