import { connect } from '@nats-io/transport-node'
import { createNatsLog } from '@rivulet/log-nats'

export async function openLog({ port }) {
  // A process may be started while the server is not.
  const connection = await connect({
    port,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    waitOnFirstConnect: true,
  })
  const log = createNatsLog({ connection })
  return {
    log,
    async close() {
      await log.close()
      await connection.close()
    },
  }
}
