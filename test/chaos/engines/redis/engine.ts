import { Redis } from 'ioredis'
import { OwnServer } from '../../../../packages/log-redis/test/own-server.ts'
import type { ChaosEngine } from '../../harness/chaos-engine.ts'

/** A Redis server that keeps what it has acknowledged. */
export async function startEngine(program: string): Promise<ChaosEngine> {
  const server = await OwnServer.start(program, '--appendonly', 'yes', '--appendfsync', 'always')
  return {
    settings: { port: server.port },
    crash: { kill: () => server.kill(), restart: () => server.start() },
    async cut() {
      const redis = new Redis({ port: server.port, host: '127.0.0.1' })
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal')
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      redis.disconnect()
    },
    dispose: () => server.dispose(),
  }
}
