import type { Driver } from './client/driver.ts'

/** What has to be escaped so that the hash tag is the channel's name, and different names are different keys. */
const unsafe = /[%{}]|\p{Surrogate}/gu

/** Where a channel is kept. All its keys have one hash tag, so that a cluster keeps them on one node. */
export class KeyNames {
  readonly #prefix: string
  readonly #driver: Driver
  /** Asked for last, with what its keys begin with: a busy channel is asked for again and again. */
  #channel: string | null = null
  #start = ''

  constructor(prefix: string, driver: Driver) {
    this.#prefix = prefix
    this.#driver = driver
  }

  /** The stream and the meta hash, with which all scripts begin. */
  history(channel: string): readonly [stream: string, meta: string] {
    return [this.#key(channel, 'stream'), this.#key(channel, 'meta')]
  }

  /** As in JSON: lone surrogates would become all the same. */
  idempotency(channel: string, key: string): string {
    return this.#key(channel, `once:${JSON.stringify(key).slice(1, -1)}`)
  }

  writer(channel: string, id: string): string {
    return this.#key(channel, `writer:${id}`)
  }

  /** The name under which new entries are published; has the keys' hash tag too. */
  published(channel: string): string {
    return `${this.#driver.scope}${this.#key(channel, 'live')}`
  }

  #key(channel: string, what: string): string {
    if (channel !== this.#channel) {
      const name = channel.replace(unsafe, (part) => `%${part.charCodeAt(0).toString(16)}`)
      // Empty braces are no hash tag. No escaped name is a bare percent sign.
      this.#start = `${this.#prefix}{${name === '' ? '%' : name}}:`
      this.#channel = channel
    }
    return this.#start + what
  }
}
