import { backOff, within } from '@rivulet/core/log-kit'
import { type Subscriber, type SubscriberEvents, silenceMs } from '../client/driver.ts'
import { NameTurns } from '../follow/name-turns.ts'
import { hashSlot } from './hash-slot.ts'
import { NodeLink } from './node-link.ts'
import type { Topology } from './topology.ts'

/** How often a name is looked for anew before its move counts as a failure. */
const maxRedirections = 5

/** One name, and where it is followed. */
interface Place {
  readonly name: string
  readonly slot: number
  /** `null` while it is on its way to a node. */
  link: NodeLink | null
}

/**
 * Follows names of a cluster: each at the node that has its slot, over one connection per node at most.
 *
 * There is no repairing of connections: one that is lost, or whose node has lost a slot, is given up with all that was followed
 * over it, and those names look for their nodes anew. So a cut, a fail-over and a slot that moves are one case.
 */
export class ClusterSubscriber implements Subscriber {
  readonly #topology: Topology
  readonly #events: SubscriberEvents
  readonly #links = new Map<string, NodeLink>()
  readonly #places = new Map<string, Place>()
  /** Names are settled anew by themselves too, and may be let go of and taken up again meanwhile. */
  readonly #turns = new NameTurns()
  readonly #closing = new AbortController()

  constructor(topology: Topology, events: SubscriberEvents) {
    this.#topology = topology
    this.#events = events
  }

  async subscribe(name: string): Promise<void> {
    if (this.#places.get(name)?.link) return
    const place: Place = { name, slot: hashSlot(name), link: null }
    this.#places.set(name, place)
    try {
      await this.#settle(place)
    } catch (error) {
      if (this.#isWanted(place)) this.#places.delete(name)
      throw error
    }
  }

  async unsubscribe(name: string): Promise<void> {
    const link = this.#places.get(name)?.link
    this.#places.delete(name)
    if (link) await this.#turns.take(name, () => this.#leave(link, name))
  }

  /** Looks too for names that the client knows elsewhere by now. */
  ping(): void {
    for (const link of this.#links.values()) link.ping()
    const moved: Place[] = []
    for (const place of this.#places.values()) {
      const { link, slot, name } = place
      const address = this.#topology.addressOf(slot)
      if (link === null || address === null || address === link.address) continue
      place.link = null
      moved.push(place)
      // A connection that is being lost has forgotten its subscriptions anyway.
      this.#leave(link, name).catch(() => {})
    }
    this.#settleAgain(moved)
  }

  close(): void {
    this.#closing.abort()
    this.#places.clear()
    this.#turns.clear()
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  /** Brings a name to its node, where it is still wanted. */
  #settle(place: Place): Promise<void> {
    return this.#turns.take(place.name, () => this.#settleInTurn(place))
  }

  async #settleInTurn(place: Place): Promise<void> {
    for (let redirections = 0; this.#isWanted(place); redirections += 1) {
      try {
        if (this.#topology.addressOf(place.slot) === null) await this.#probe(place)
        this.#closing.signal.throwIfAborted()
        return await this.#settleAt(this.#linkTo(place.slot), place)
      } catch (error) {
        if (!isMoved(error) || redirections === maxRedirections) throw error
        await this.#probe(place)
      }
    }
  }

  async #settleAt(link: NodeLink, place: Place): Promise<void> {
    try {
      await link.subscribe(place.name)
    } finally {
      this.#dropIfIdle(link)
    }
    if (this.#isWanted(place)) place.link = link
    else await this.#leave(link, place.name)
  }

  #linkTo(slot: number): NodeLink {
    const address = this.#topology.addressOf(slot)
    if (address === null) throw new Error(`the client knows no node that has slot ${slot}`)
    const known = this.#links.get(address)
    if (known !== undefined) return known
    const link: NodeLink = new NodeLink(this.#topology, address, {
      message: (name, text) => this.#events.message(name, text),
      lost: (error) => this.#lose(link, error),
    })
    this.#links.set(address, link)
    return link
  }

  #lose(link: NodeLink, error: unknown): void {
    if (this.#links.get(link.address) === link) this.#links.delete(link.address)
    const places = [...this.#places.values()].filter((place) => place.link === link)
    for (const place of places) place.link = null
    if (error) this.#events.error(error, namesOf(places))
    this.#settleAgain(places)
  }

  /** Until they are settled, or nobody wants them any more. */
  #settleAgain(places: readonly Place[]): void {
    // Ends by an abort alone.
    if (places.length > 0) this.#keepSettling(places).catch(() => {})
  }

  async #keepSettling(places: readonly Place[]): Promise<void> {
    let left = places
    for (let attempt = 0; left.length > 0; attempt += 1) {
      await backOff(attempt, this.#closing.signal)
      left = await this.#tryToSettle(left.filter((place) => this.#isWanted(place)))
    }
  }

  /** Gives those that could not be settled. */
  async #tryToSettle(places: readonly Place[]): Promise<readonly Place[]> {
    // What the client knows may be as old as what was lost. It learns of all slots by one.
    for (const place of places.slice(0, 1)) await this.#probe(place)
    const results = await Promise.allSettled(places.map((place) => this.#settle(place)))
    if (this.#closing.signal.aborted) return []
    const settled = places.filter((place) => place.link !== null)
    if (settled.length > 0) this.#events.ready(namesOf(settled))
    const left = places.filter((place) => place.link === null && this.#isWanted(place))
    const failure = results.find(({ status }) => status === 'rejected')
    if (left.length > 0 && failure?.status === 'rejected') this.#events.error(failure.reason, namesOf(left))
    return left
  }

  /** What is wrong, if anything is, shows when the name is subscribed. */
  async #probe({ name }: Place): Promise<void> {
    const tooLate = () => new Error(`no answer within ${silenceMs} ms`)
    await within(this.#topology.probe(name), silenceMs, tooLate, this.#closing.signal).catch(() => {})
  }

  async #leave(link: NodeLink, name: string): Promise<void> {
    const left = link.unsubscribe(name)
    this.#dropIfIdle(link)
    await left
  }

  #dropIfIdle(link: NodeLink): void {
    if (!link.isIdle) return
    link.close()
    if (this.#links.get(link.address) === link) this.#links.delete(link.address)
  }

  #isWanted(place: Place): boolean {
    return this.#places.get(place.name) === place
  }
}

function namesOf(places: readonly Place[]): string[] {
  return places.map(({ name }) => name)
}

function isMoved(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('MOVED ')
}
