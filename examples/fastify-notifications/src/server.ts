import type { AddressInfo } from 'node:net'
import { createApp } from './app.js'

// PORT=0 takes any free port.
const port = Number(process.env.PORT ?? 3000)

const app = await createApp({
  // Several processes, behind one address: give all of them both.
  redisUrl: process.env.REDIS_URL,
  cookieSecret: process.env.COOKIE_SECRET,
})
// `host: '0.0.0.0'` is for everybody who reaches this machine.
await app.listen({ port, host: 'localhost' })
// A server that listens on TCP has an address with a port.
console.log(`Notifications: http://localhost:${(app.server.address() as AddressInfo).port}`)

// Fastify ends the open streams by itself; their pages come back.
process.once('SIGTERM', () => app.close())
process.once('SIGINT', () => app.close())
