import type { AddressInfo } from 'node:net'
import { createActivityLog } from './app.js'

// PORT=0 takes any free port.
const port = Number(process.env.PORT ?? 3000)

const activityLog = createActivityLog()
const server = activityLog.app.listen(port, (error) => {
  if (error) throw error
  // A server that listens on TCP has an address with a port.
  console.log(`Activity log: http://localhost:${(server.address() as AddressInfo).port}`)
})

// Give deploys more time than this: with many pages open, a longer grace spreads their return.
const graceMs = 1_000

async function shutDown(): Promise<void> {
  server.close()
  await activityLog.close({ graceMs })
  server.closeIdleConnections()
}

process.once('SIGTERM', shutDown)
process.once('SIGINT', shutDown)
