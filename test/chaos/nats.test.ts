import { startEngine } from './engines/nats/engine.ts'
import { describeChaos } from './harness/describe-chaos.ts'

describeChaos('nats-server', {
  name: 'NATS JetStream',
  startEngine,
  openLogFile: new URL('./engines/nats/open-log.mjs', import.meta.url),
})
