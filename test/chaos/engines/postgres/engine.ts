import { Client } from 'pg'
import { OwnServer } from '../../../../packages/log-postgres/test/support/own-server.ts'
import type { ChaosEngine } from '../../harness/chaos-engine.ts'

/** A PostgreSQL server with its own settings, which keep what it has acknowledged. */
export async function startEngine(program: string): Promise<ChaosEngine> {
  const server = await OwnServer.start(program)
  return {
    settings: { ...server.config },
    crash: { kill: () => server.kill(), restart: () => server.start() },
    async cut() {
      const client = new Client(server.config)
      await client.connect()
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
      )
      await client.end()
    },
    dispose: () => server.dispose(),
  }
}
