const slots = 16_384
/** x^16 + x^12 + x^5 + 1, as XMODEM has it. */
const polynomial = 0x1021

const table = Uint16Array.from({ length: 256 }, (_each, byte) => {
  let rest = byte << 8
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 0x8000 ? (rest << 1) ^ polynomial : rest << 1
  return rest
})

/**
 * The hash slot of a key, or of the name of a sharded channel: CRC16 of what stands between the first braces, or of all where
 * nothing does.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function hashSlot(key: string): number {
  let crc = 0
  for (const byte of Buffer.from(hashTag(key))) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0)
  }
  return crc % slots
}

function hashTag(key: string): string {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  return open === -1 || close <= open + 1 ? key : key.slice(open + 1, close)
}
