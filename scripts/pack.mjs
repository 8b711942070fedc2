import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { main, runPnpm } from './run.mjs'
import { cacheFolder, hashOf, packageFolders, root } from './workspace.mjs'

// node scripts/pack.mjs <folder>: packs every package, built before, as it would be published, into a folder.
// node scripts/pack.mjs --if-changed: builds and packs them where a source changed; the last line is the folder.
await main(async () => {
  const [folder] = process.argv.slice(2)
  if (folder !== '--if-changed') return pack(folder)
  await prepare(() => console.log(packedFolder()))
})

function pack(folder) {
  runPnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** One folder per state of the packages, whole from the moment it is there. */
function packedFolder() {
  const contents = packageFolders().flatMap((folder) => [
    ...['package.json', 'README.md'].map((name) => join(folder, name)),
    join(folder, 'dist'),
  ])
  const folder = join(cacheFolder, `packed-${hashOf([...contents, join(root, 'LICENSE')]).slice(0, 16)}`)
  if (existsSync(folder)) return folder
  forgetOldOnes()
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    pack(unfinished)
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

/** What was packed from earlier states, except where a test may still install from it. */
function forgetOldOnes() {
  const hourMs = 3_600_000
  for (const name of readdirSync(cacheFolder)) {
    const folder = join(cacheFolder, name)
    if (name.startsWith('packed-') && Date.now() - statSync(folder).mtimeMs > hourMs) {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
