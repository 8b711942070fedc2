import { fileURLToPath } from 'node:url'
import { createChannel, sse } from '@rivulet/express'
import { createPostgresLog } from '@rivulet/log-postgres'
import { createRedisLog } from '@rivulet/log-redis'
import express, { type ErrorRequestHandler } from 'express'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { OrderEvents, PulseEvents, ServedBy } from './events.js'
import { publishPulse } from './pulse.js'
import { createShop, type Wish } from './shop.js'

export interface NodeOptions {
  /** Tells this node from the others. */
  readonly name: string
  readonly databaseUrl: string
  readonly redisUrl: string
  /** Told of what a person should know, such as an engine that is out of reach. */
  readonly report: (words: string) => void
}

const maxQuantity = 100

/** One node of the cluster. All of them are alike: a page goes on at any other one. */
export async function createNode({ name, databaseUrl, redisUrl, report }: NodeOptions) {
  const pool = new pg.Pool({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
  pool.on('error', (error) => report(`PostgreSQL: ${error.message}`))
  const redis = new Redis(redisUrl)
  redis.on('error', (error) => report(`Redis: ${error.message}`))
  const logs = { postgres: createPostgresLog({ pool }), redis: createRedisLog({ client: redis }) }

  const orders = createChannel<OrderEvents>('orders', { log: logs.postgres })
  // Ten minutes of both nodes: who was away for longer is told so.
  const pulses = createChannel<PulseEvents>('pulses', { log: logs.redis, retention: { maxEvents: 5_000 } })
  const shop = createShop(pool, logs.postgres, orders)
  await shop.migrate()

  const ending = new AbortController()
  const pulse = publishPulse(pulses, name, ending.signal)

  const app = express()
  // Short, so that one need not wait in front of the page; the default is 3 s.
  const events = sse({ retryMs: 1_000 })
  app.disable('x-powered-by')
  app.use(events)
  app.use(express.json({ limit: '10kb' }))
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

  /** For the balancer. A node whose log is out of reach still keeps its pages; only one that is ending wants no more. */
  app.get('/ready', (_req, res) => {
    res.sendStatus(events.health().reasons.includes('draining') ? 503 : 200)
  })

  // Both channels on one connection: PostgreSQL's for orders, Redis' for what is frequent and cheap.
  app.get('/api/events', (_req, res) => {
    const stream = res.sse()
    const servedBy: ServedBy = { node: name, pid: process.pid }
    stream.send({ event: 'served-by', data: servedBy })
    stream.subscribe(orders, {
      async snapshot() {
        const { position, ...data } = await shop.snapshot()
        return { events: [{ event: 'shop', data }], position }
      },
    })
    stream.subscribe(pulses)
  })

  app.post('/api/orders', async (req, res) => {
    const wish = readWish(req.body)
    if (wish === null) {
      res.status(400).json({ error: `Send { key, product, quantity }, quantity from 1 to ${maxQuantity}.` })
      return
    }
    const outcome = await shop.order(wish, name)
    if ('refused' in outcome) res.status(409).json({ error: outcome.refused })
    else res.status(outcome.isNew ? 201 : 200).json(outcome.order)
  })

  app.get('/api/orders/count', async (_req, res) => {
    res.json({ count: await shop.count() })
  })

  // Not known whether it was committed: the client asks again with the same key.
  const failed: ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent || error.status !== undefined) return next(error)
    report(`An order failed: ${error.message}`)
    res.status(503).json({ error: 'Try again with the same key.' })
  }
  app.use(failed)

  return {
    app,
    /** Hangs up all streams, spread over the grace time, and lets go of the engines. */
    async close({ graceMs }: { graceMs: number }): Promise<void> {
      ending.abort()
      await Promise.all([pulse, events.close({ graceMs })])
      await Promise.all([logs.postgres.close(), logs.redis.close()])
      redis.disconnect()
      await pool.end()
    },
  }
}

function readWish(body: unknown): Wish | null {
  if (typeof body !== 'object' || body === null) return null
  const { key, product, quantity } = body as Record<string, unknown>
  if (typeof key !== 'string' || !/^[\w-]{8,64}$/.test(key)) return null
  if (typeof product !== 'string' || product.length > 100) return null
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > maxQuantity) {
    return null
  }
  return { key, product, quantity }
}
