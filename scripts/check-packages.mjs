import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { main, runPnpm, runTool } from './run.mjs'
import { packageFolders } from './workspace.mjs'

// Looks at the packages as they would be published: packed, with their workspace versions filled in.
await main(() => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-packed-'))
  try {
    for (const packageFolder of packageFolders()) {
      const tarball = pack(packageFolder, join(folder, basename(packageFolder)))
      runTool('publint', ['run', '--strict', tarball])
      runTool('attw', ['--profile', 'node16', '--format', 'ascii', tarball])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function pack(packageFolder, target) {
  runPnpm(['pack', '--pack-destination', target], {
    cwd: packageFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return join(target, readdirSync(target)[0])
}
