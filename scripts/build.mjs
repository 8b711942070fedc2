import { buildPackages, prepare } from './prepare.mjs'
import { main } from './run.mjs'

// npm run build: build all packages. With --if-changed only when a source changed since the last time.
await main(process.argv.includes('--if-changed') ? prepare : buildPackages)
