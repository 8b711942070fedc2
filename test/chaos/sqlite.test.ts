import { startEngine } from './engines/sqlite/engine.ts'
import { describeChaos } from './harness/describe-chaos.ts'

describeChaos(null, {
  name: 'SQLite',
  startEngine,
  openLogFile: new URL('./engines/sqlite/open-log.mjs', import.meta.url),
})
