import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { Method, PackedFile } from './events.js'
import type { FoundFile } from './folders.js'

/** How each method compresses, and what its files' names end in. Compressing is done by Node's thread pool. */
const compressors: Record<
  Method,
  { readonly ending: string; readonly create: (bytes: number) => Transform }
> = {
  brotli: {
    ending: '.br',
    create: (bytes) =>
      createBrotliCompress({
        params: {
          // 0 to 11: the smallest files, and the most work.
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes,
        },
      }),
  },
  gzip: { ending: '.gz', create: () => createGzip({ level: 9 }) },
}

export function endingOf(method: Method): string {
  return compressors[method].ending
}

export interface PackOptions {
  readonly method: Method
  readonly signal: AbortSignal
  /** Called with each piece that was read, with its length. */
  readonly onRead: (bytes: number) => void
}

/**
 * Hashes and compresses one file, whatever its size in a little memory. The target is there when it is whole and on the disk, and
 * not before.
 *
 * @throws (rejects) what the file system says, or the signal's reason.
 */
export async function packFile(file: FoundFile, target: string, options: PackOptions): Promise<PackedFile> {
  const { method, signal, onRead } = options
  const hash = createHash('sha256')
  let bytes = 0
  const unfinished = `${target}.unfinished`
  await mkdir(dirname(target), { recursive: true })
  try {
    await pipeline(
      createReadStream(file.path),
      async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          hash.update(piece)
          bytes += piece.length
          onRead(piece.length)
          yield piece
        }
      },
      compressors[method].create(file.bytes),
      createWriteStream(unfinished, { flush: true }),
      { signal },
    )
    await rename(unfinished, target)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  const { size } = await stat(target)
  return {
    name: file.name,
    bytes,
    packedBytes: size,
    sha256: hash.digest('hex'),
    modifiedAt: file.modifiedAt,
  }
}
