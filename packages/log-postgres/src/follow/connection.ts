import { within } from '@rivulet/core/log-kit'
import type { Client, ClientConfig, Pool } from 'pg'

const goodbyeMs = 500

export interface ConnectionParts {
  /** Makes a client that has not connected. */
  readonly open: () => Client
  /** Quoted, for use in SQL. */
  readonly listenTo: string
  readonly answerMs: number
  /** Called for each notification. */
  readonly heard: (payload: string) => void
}

/** One connection that listens: from its making to its loss. */
export class Connection {
  /** Resolves when it is lost or closed, with why. */
  readonly lost: Promise<unknown>
  readonly #client: Client
  readonly #parts: ConnectionParts
  #isClosing = false
  #isPinging = false

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#client = parts.open()
    this.lost = new Promise((resolve) => {
      this.#client.on('error', resolve)
      this.#client.on('end', () => resolve(new Error('The connection that listens was closed.')))
    })
    this.#client.on('notification', ({ payload = '' }) => parts.heard(payload))
  }

  /** Resolves once everything that commits from now on is heard. */
  async listen(): Promise<void> {
    const { listenTo, answerMs } = this.#parts
    const listening = this.#client.connect().then(() => this.#client.query(`LISTEN ${listenTo}`))
    // A client that is closed while it connects never says how that went.
    const lost = this.lost.then((why) => {
      throw why
    })
    await within(
      Promise.race([listening, lost]),
      answerMs,
      () => new Error(`no answer within ${answerMs} ms`),
    )
  }

  /** Asks whether the other side is still there; one that says nothing in time is given up. */
  ping(): void {
    if (this.#isPinging) return
    this.#isPinging = true
    const { answerMs } = this.#parts
    within(this.#client.query('SELECT 1'), answerMs, () => new Error('no answer')).then(
      () => {
        this.#isPinging = false
      },
      () => this.close(),
    )
  }

  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    // What is on its way is thrown away. Where the other side is silent, or was never reached, nobody waits for its good-bye.
    within(this.#client.end(), goodbyeMs, () => new Error('no good-bye')).catch(() =>
      destroySocket(this.#client),
    )
  }
}

/**
 * What makes the connection that listens: as the pool makes its own, or as told, which is for pools that go through a pooler.
 */
export function clientOpener(pool: Pool, config: ClientConfig | undefined): () => Client {
  // Not in pg's types: the class that a pool makes its clients of, and the user may have passed.
  const { Client } = pool as Pool & { readonly Client: new (config: ClientConfig) => Client }
  return () => new Client(config ?? pool.options)
}

/** pg has no public way to hang up on a server that does not answer. */
function destroySocket(client: Client): void {
  const { connection } = client as Client & { connection?: { stream?: { destroy?(): void } } }
  connection?.stream?.destroy?.()
}
