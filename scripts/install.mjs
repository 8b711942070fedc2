import { prepareInstalled } from './prepare.mjs'
import { main } from './run.mjs'

// Before commands of package.json that need the workspace's tools and no built packages: installs when something changed.
await main(() => prepareInstalled())
