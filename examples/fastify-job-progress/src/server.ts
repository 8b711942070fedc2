import type { AddressInfo } from 'node:net'
import { createApp } from './app.js'
import { chooseFolders } from './folders.js'

// PORT=0 takes any free port.
const port = Number(process.env.PORT ?? 3000)

const app = await createApp({
  data: process.env.DATA ?? 'data',
  folders: chooseFolders(process.env.FOLDERS),
})
// `host: '0.0.0.0'` is for everybody who reaches this machine.
await app.listen({ port, host: 'localhost' })
// A server that listens on TCP has an address with a port.
console.log(`Jobs: http://localhost:${(app.server.address() as AddressInfo).port}`)

// Fastify ends the open streams by itself; their pages come back, and jobs go on when this is started again.
process.once('SIGTERM', () => app.close())
process.once('SIGINT', () => app.close())
