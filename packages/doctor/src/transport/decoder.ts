import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** Takes a body out of its content coding while it comes in. */
export interface Decoder {
  write(bytes: Buffer): void
  /** Calls back when everything that was written has come out. */
  end(done: () => void): void
}

/** The codings that we ask for, as browsers do. */
export const acceptedCodings = 'gzip, deflate, br'

/**
 * Hands on what can be decoded as soon as it can be, as a browser does. `null` where the coding is not one of
 * {@link acceptedCodings}.
 */
export function createDecoder(
  coding: string,
  onBytes: (bytes: Buffer) => void,
  onError: (message: string) => void,
): Decoder | null {
  if (coding === '' || coding === 'identity') {
    return { write: onBytes, end: (done) => done() }
  }
  const stream = decompressor(coding)
  if (stream === null) return null
  let onEnd = () => {}
  stream.on('data', onBytes)
  stream.on('error', (error) => {
    onError(error.message)
    onEnd()
  })
  stream.on('end', () => onEnd())
  return {
    write(bytes) {
      if (stream.writable) stream.write(bytes)
    },
    end(done) {
      onEnd = done
      if (stream.destroyed) done()
      else stream.end()
    },
  }
}

function decompressor(coding: string) {
  const flush = constants.Z_SYNC_FLUSH
  // A stream that we leave in the middle is no broken one.
  if (coding === 'gzip' || coding === 'x-gzip') return createGunzip({ flush, finishFlush: flush })
  if (coding === 'deflate') return createInflate({ flush, finishFlush: flush })
  if (coding === 'br') {
    const operation = constants.BROTLI_OPERATION_FLUSH
    return createBrotliDecompress({ flush: operation, finishFlush: operation })
  }
  return null
}
