import { createHash } from 'node:crypto'
import { randomText } from '@rivulet/core/log-kit'

const readableLength = 32
const hashLength = 24
const generationLength = 6

/**
 * What channels are called on the server, where names may have no dots, spaces, wildcards or slashes and are folders on disk.
 *
 * A channel has one subject, and each of its histories a stream of its own name: only one stream at a time has the subject, and
 * whoever deletes the stream of an old history cannot hit the next one.
 */
export class StreamNames {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Matches the subjects of all channels. */
  get all(): string {
    return `${this.#prefix}.*`
  }

  subject(channel: string): string {
    return `${this.#prefix}.${tokenOf(channel)}`
  }

  /** What the stream of a channel has before it has the channel's subject. */
  claim(channel: string): string {
    return `${this.subject(channel)}-claim`
  }

  /** The name for a new history's stream. */
  fresh(channel: string): string {
    return `${this.#start(channel)}${randomText(generationLength)}`
  }

  /** Whether a stream is some channel's. */
  isOurs(stream: string): boolean {
    return stream.startsWith(`${this.#prefix}-`)
  }

  /** Whether a stream is one of the channel's. */
  isOf(channel: string, stream: string): boolean {
    return stream.startsWith(this.#start(channel))
  }

  #start(channel: string): string {
    return `${this.#prefix}-${tokenOf(channel)}-`
  }
}

/** Whether two streams are histories of the same channel. */
export function areOfOneChannel(one: string, other: string): boolean {
  return one.slice(0, -generationLength) === other.slice(0, -generationLength)
}

/** Readable for people, and different for different channels: the hash is of JSON, which keeps lone surrogates apart. */
function tokenOf(channel: string): string {
  const readable = channel.replace(/[^A-Za-z0-9]+/g, '_').slice(0, readableLength)
  const hash = createHash('sha256').update(JSON.stringify(channel)).digest('hex').slice(0, hashLength)
  return `${readable}-${hash}`
}
