import { startEngine } from './engines/redis/engine.ts'
import { describeChaos } from './harness/describe-chaos.ts'

describeChaos('redis-server', {
  name: 'Redis',
  startEngine,
  openLogFile: new URL('./engines/redis/open-log.mjs', import.meta.url),
})
