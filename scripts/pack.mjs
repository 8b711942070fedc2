import { main, runPnpm } from './run.mjs'

// node scripts/pack.mjs <folder>: packs every package as it would be published, into a folder.
await main(() => {
  runPnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', process.argv[2]], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
})
