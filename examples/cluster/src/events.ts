/** What goes over the stream. */

export interface Order {
  /** 1, 2, 3 … without a hole, in the order of the commits: by this the page sees that nothing is missing. */
  readonly number: number
  readonly product: string
  readonly quantity: number
  /** How many are left. */
  readonly stock: number
  /** Which node took it. */
  readonly node: string
  /** In milliseconds since 1970. */
  readonly at: number
}

export interface Product {
  readonly name: string
  readonly stock: number
}

/** Over PostgreSQL: an event appears if and only if its order was committed. */
export type OrderEvents = {
  order: Order
  /** The state, for a page that is new. */
  shop: { products: Product[]; orders: Order[]; count: number }
}

export interface Pulse {
  readonly node: string
  /** Names this run of the node: it counts anew after it was killed. */
  readonly run: string
  /** 1, 2, 3 … without a hole. */
  readonly count: number
  readonly at: number
}

/** Over Redis: signs of life of each node, some a second. */
export type PulseEvents = { pulse: Pulse }

/** The first event of each connection, of that connection alone. */
export interface ServedBy {
  readonly node: string
  readonly pid: number
}
