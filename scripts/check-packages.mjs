import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, run, runTool } from './run.mjs'
import { root } from './workspace.mjs'

// Looks at the packages as they would be published: packed, with their workspace versions filled in.
await main(() => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-packed-'))
  try {
    run(process.execPath, [join(root, 'scripts', 'pack.mjs'), folder])
    for (const name of readdirSync(folder)) {
      runTool('publint', ['run', '--strict', join(folder, name)])
      runTool('attw', ['--profile', 'node16', '--format', 'table-flipped', join(folder, name)])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
