/** What one connection to a node calls. */
export interface NodeEvents {
  message(name: string, text: string): void
  /**
   * Not all comes any more: the connection is lost, or, where there is no error, slots have left the node. May be called more
   * than once.
   */
  lost(error: unknown): void
}

/** `sharded`: of one slot, from Redis 7 on. `plain`: a cluster sends it to all of its nodes. */
export type SubscriptionKind = 'sharded' | 'plain'

/** One connection to one node of a cluster, for hearing what it publishes. Is not made again when it is lost. */
export interface NodeConnection {
  /** Resolves when the node has acknowledged. Rejects where it refuses, `MOVED` too, and when the connection is lost. */
  subscribe(name: string, kind: SubscriptionKind): Promise<void>
  unsubscribe(name: string, kind: SubscriptionKind): Promise<void>
  /** Makes sure that the connection is alive. */
  ping(): void
  close(): void
}

/** What the user's client knows of its cluster. */
export interface Topology {
  /** `<host>:<port>` of the primary that has a hash slot; `null` where the client knows of none. */
  addressOf(slot: number): string | null
  /** @throws Error where the client does not know the address any more. */
  connect(address: string, events: NodeEvents): NodeConnection
  /** Asks for something beside that name, so that the client finds out where its slot is now. */
  probe(name: string): Promise<unknown>
}
