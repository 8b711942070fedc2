import { buildPackages } from './prepare.mjs'
import { main } from './run.mjs'

await main(buildPackages)
