import type { Channel } from '@rivulet/express'
import type { PostgresLog } from '@rivulet/log-postgres'
import type { Pool, PoolClient } from 'pg'
import type { Order, OrderEvents, Product } from './events.js'

/** What is sold at first. The tickets are few, so that an order can be refused. */
const products: readonly Product[] = [
  { name: 'Coffee', stock: 100_000 },
  { name: 'Tea', stock: 100_000 },
  { name: 'Concert ticket', stock: 5 },
]
/** How many orders a page that is new gets. */
const shownOrders = 12

export interface Wish {
  /** Made by the client: a second request with the same key is the same order. */
  readonly key: string
  readonly product: string
  readonly quantity: number
}

export type Outcome = { readonly order: Order; readonly isNew: boolean } | { readonly refused: string }

const orderColumns = `number, product, quantity, stock, node, (extract(epoch FROM at) * 1000)::float8 AS at`

/** The shop's tables, in a schema of their own. */
export function createShop(pool: Pool, log: PostgresLog, channel: Channel<OrderEvents>) {
  /** @returns what `work` gives, once it is committed. A throw, or `false` from `keep`, takes everything back. */
  async function transaction<T>(
    begin: string,
    work: (client: PoolClient) => Promise<T>,
    keep: (result: T) => boolean = () => true,
  ): Promise<T> {
    const client = await pool.connect()
    let failure: unknown
    try {
      await client.query(begin)
      const result = await work(client)
      await client.query(keep(result) ? 'COMMIT' : 'ROLLBACK')
      return result
    } catch (error) {
      failure = error
      await client.query('ROLLBACK').catch(() => {}) // The connection is gone, and the transaction with it.
      throw error
    } finally {
      // After a failure the connection is not used again: nobody knows what state it is in.
      client.release(failure !== undefined)
    }
  }

  return {
    /** Makes what is not there yet. All nodes may do it at once. */
    async migrate(): Promise<void> {
      await log.migrate()
      await transaction('BEGIN', async (client) => {
        await client.query("SELECT pg_advisory_xact_lock(hashtext('shop'))")
        await client.query(`
          CREATE SCHEMA IF NOT EXISTS shop;
          CREATE TABLE IF NOT EXISTS shop.products (name text PRIMARY KEY, stock int NOT NULL CHECK (stock >= 0));
          CREATE TABLE IF NOT EXISTS shop.numbers (last int NOT NULL);
          CREATE TABLE IF NOT EXISTS shop.orders (
            number int PRIMARY KEY,
            key text NOT NULL UNIQUE,
            product text NOT NULL REFERENCES shop.products,
            quantity int NOT NULL,
            stock int NOT NULL,
            node text NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
          );
          INSERT INTO shop.numbers SELECT 0 WHERE NOT EXISTS (SELECT FROM shop.numbers)`)
        for (const { name, stock } of products) {
          await client.query('INSERT INTO shop.products VALUES ($1, $2) ON CONFLICT DO NOTHING', [
            name,
            stock,
          ])
        }
      })
    },

    /**
     * Takes an order and publishes it in the same transaction: the rows and the event are there together, or neither is,
     * wherever in between this process dies.
     */
    order: ({ key, product, quantity }: Wish, node: string) =>
      transaction<Outcome>(
        'BEGIN',
        async (client) => {
          // The row's lock is held until the commit, so numbers have no holes, and their order is that of the commits. Where you
          // need neither, use an identity column, and orders don't wait for each other.
          const { rows: numbers } = await client.query(
            'UPDATE shop.numbers SET last = last + 1 RETURNING last',
          )
          const { rows: before } = await client.query<Order>(
            `SELECT ${orderColumns} FROM shop.orders WHERE key = $1`,
            [key],
          )
          if (before[0] !== undefined) return { order: before[0], isNew: false }
          const { rows: stocks } = await client.query(
            'UPDATE shop.products SET stock = stock - $2 WHERE name = $1 AND stock >= $2 RETURNING stock',
            [product, quantity],
          )
          if (stocks[0] === undefined) return { refused: `Not enough left: ${product}.` }
          const { rows } = await client.query<Order>(
            `INSERT INTO shop.orders (number, key, product, quantity, stock, node)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${orderColumns}`,
            [numbers[0].last, key, product, quantity, stocks[0].stock, node],
          )
          const [order] = rows
          if (order === undefined) throw new Error('INSERT … RETURNING gives a row.')
          await log.publishIn(client, channel, { event: 'order', data: order })
          return { order, isNew: true }
        },
        (outcome) => 'isNew' in outcome && outcome.isNew,
      ),

    /** The shop as it is, and the position in the channel that belongs to exactly this: what follows is what has changed since. */
    snapshot: () =>
      transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (client) => {
        const position = await log.headIn(client, channel)
        const { rows: products } = await client.query<Product>(
          'SELECT name, stock FROM shop.products ORDER BY name',
        )
        const { rows: orders } = await client.query<Order>(
          `SELECT ${orderColumns} FROM shop.orders ORDER BY number DESC LIMIT $1`,
          [shownOrders],
        )
        const { rows: counts } = await client.query('SELECT count(*)::int FROM shop.orders')
        return { position, products, orders: orders.reverse(), count: Number(counts[0].count) }
      }),

    async count(): Promise<number> {
      const { rows } = await pool.query('SELECT count(*)::int FROM shop.orders')
      return rows[0].count
    },
  }
}
