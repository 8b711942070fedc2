import { readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

const recordHeaderBytes = 22
const flags = 0xc000_0000_0000_0000n
const headersBit = 0x8000_0000

/**
 * Takes the newest messages out of a stream's files, as a crash of the machine does with what was not yet on disk. The server must
 * not run; it finds out by itself what is left.
 */
export function loseMessages(storeFolder: string, stream: string, behind: number): void {
  const folder = join(storeFolder, 'jetstream', '$G', 'streams', stream, 'msgs')
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (name.endsWith('.blk')) truncateSync(file, bytesUpTo(readFileSync(file), behind))
    // Indexes of the blocks: made anew where they are missing.
    else rmSync(file)
  }
}

/** Length of the records up to a sequence. A record: its length (with a flag), sequence, time, length of the subject, and the rest. */
function bytesUpTo(block: Buffer, sequence: number): number {
  let place = 0
  while (place + recordHeaderBytes <= block.length) {
    const length = (block.readUInt32LE(place) & ~headersBit) >>> 0
    const itsSequence = Number(block.readBigUInt64LE(place + 4) & ~flags)
    if (itsSequence > sequence) return place
    place += length
  }
  return place
}
