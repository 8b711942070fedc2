import { within } from '@rivulet/core/log-kit'
import { silenceMs } from '../client/driver.ts'
import type { NodeConnection, NodeEvents, SubscriptionKind, Topology } from './topology.ts'

/** The connection to one node, for as long as it is of use. */
export class NodeLink {
  readonly address: string
  readonly #connection: NodeConnection
  readonly #lost: (error: unknown) => void
  /** Names that are followed over it or about to be. */
  #nameCount = 0
  /** Redis before 7 has no other. */
  #kind: SubscriptionKind = 'sharded'
  #isOpen = true

  /** @throws Error where the client does not know the address any more. */
  constructor(topology: Topology, address: string, { message, lost }: NodeEvents) {
    this.address = address
    this.#lost = lost
    this.#connection = topology.connect(address, { message, lost: (error) => this.#giveUp(error) })
  }

  get isIdle(): boolean {
    return this.#nameCount === 0
  }

  /** @throws (rejects) what the node says; the name is not followed then. */
  async subscribe(name: string): Promise<void> {
    this.#nameCount += 1
    try {
      const late = () => new Error(`${this.address} did not answer within ${silenceMs} ms`)
      await within(this.#subscribe(name), silenceMs, late)
      if (!this.#isOpen) throw new Error(`the connection to ${this.address} was lost`)
    } catch (error) {
      this.#nameCount -= 1
      throw error
    }
  }

  /** Of a name that was subscribed. */
  async unsubscribe(name: string): Promise<void> {
    this.#nameCount -= 1
    if (this.#isOpen) await this.#connection.unsubscribe(name, this.#kind)
  }

  ping(): void {
    this.#connection.ping()
  }

  close(): void {
    this.#isOpen = false
    this.#connection.close()
  }

  async #subscribe(name: string): Promise<void> {
    const kind = this.#kind
    try {
      await this.#connection.subscribe(name, kind)
    } catch (error) {
      if (kind === 'plain' || !isUnknownCommand(error)) throw error
      this.#kind = 'plain'
      await this.#connection.subscribe(name, 'plain')
    }
  }

  #giveUp(error: unknown): void {
    if (!this.#isOpen) return
    this.close()
    this.#lost(error)
  }
}

function isUnknownCommand(error: unknown): boolean {
  return error instanceof Error && /unknown command/i.test(error.message)
}
