import { LinkProxy } from '../../../../packages/log-nats/test/support/link-proxy.ts'
import { OwnServer } from '../../../../packages/log-nats/test/support/own-server.ts'
import type { ChaosEngine } from '../../harness/chaos-engine.ts'

/** A NATS server with JetStream in files, behind a link that can be cut. */
export async function startEngine(program: string): Promise<ChaosEngine> {
  const server = await OwnServer.start(program)
  const link = await LinkProxy.start(server.port)
  return {
    settings: { port: link.port },
    crash: { kill: () => server.kill(), restart: () => server.start() },
    cut: async () => link.cut(),
    async dispose() {
      await link.close()
      await server.dispose()
    },
  }
}
