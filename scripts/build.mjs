import { buildPackages, prepare, prepareInstalled } from './prepare.mjs'
import { main } from './run.mjs'

// npm run build: install, build all packages. With --if-changed only when a source changed since the last time.
await main(() => (process.argv.includes('--if-changed') ? prepare() : prepareInstalled(buildPackages)))
