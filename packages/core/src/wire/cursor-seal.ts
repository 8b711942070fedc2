import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { SseError } from './sse-error.ts'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
const minSecretCharacters = 16

/** Makes ids unreadable for clients and refuses those that it did not make. */
export interface CursorSeal {
  seal(id: string): string
  /** The id inside, or `null` where the text was not sealed with one of the secrets. */
  open(sealed: string): string | null
}

const seals = new Map<string, CursorSeal>()

/**
 * AES-256-GCM with keys out of the given secrets: the first seals, all open, so that secrets can be changed without a gap.
 *
 * @throws SseError `ERR_SSE_OPTION` for secrets of fewer than 16 characters.
 * @see https://csrc.nist.gov/pubs/sp/800/38/d/final
 */
export function cursorSeal(secret: unknown): CursorSeal {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  const name = JSON.stringify(secrets)
  let seal = seals.get(name)
  if (seal === undefined) {
    seal = makeSeal(secrets)
    seals.set(name, seal)
  }
  return seal
}

function makeSeal(secrets: readonly unknown[]): CursorSeal {
  const keys = secrets.map((secret) => {
    if (typeof secret === 'string' && secret.length >= minSecretCharacters) {
      return createHash('sha256').update('rivulet cursor\0').update(secret).digest()
    }
    throw new SseError(
      'ERR_SSE_OPTION',
      `cursorSecret must have at least ${minSecretCharacters} random characters.`,
    )
  })
  const [sealingKey] = keys
  if (sealingKey === undefined)
    throw new SseError('ERR_SSE_OPTION', 'cursorSecret must have at least one secret.')
  return {
    seal(id) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, sealingKey, nonce)
      return Buffer.concat([
        nonce,
        cipher.update(id, 'latin1'),
        cipher.final(),
        cipher.getAuthTag(),
      ]).toString('base64url')
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length <= nonceBytes + tagBytes) return null
      for (const key of keys) {
        const id = openWith(key, bytes)
        if (id !== null) return id
      }
      return null
    },
  }
}

function openWith(key: Buffer, bytes: Buffer): string | null {
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    const text = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes), undefined, 'latin1')
    return text + decipher.final('latin1')
  } catch {
    // Not sealed with this key: the caller tries the next one, and tells the client that its cursor is unknown.
    return null
  }
}
