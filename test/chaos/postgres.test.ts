import { startEngine } from './engines/postgres/engine.ts'
import { describeChaos } from './harness/describe-chaos.ts'

describeChaos('postgres', {
  name: 'PostgreSQL',
  startEngine,
  openLogFile: new URL('./engines/postgres/open-log.mjs', import.meta.url),
})
