/** Ways to cut bytes. */
export const cuts = {
  whole: (bytes: Uint8Array) => [bytes],
  'byte by byte': (bytes: Uint8Array) => every(bytes, () => 1),
  'two by two': (bytes: Uint8Array) => every(bytes, () => 2),
  'at random': (bytes: Uint8Array) => every(bytes, () => 1 + Math.floor(Math.random() * 7)),
} as const

export type Cut = keyof typeof cuts

export const cutNames = Object.keys(cuts) as Cut[] // nothing else is in it

function every(bytes: Uint8Array, size: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + size()
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return pieces
}
