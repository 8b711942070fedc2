import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** What other processes run is what users install. */
export function buildPackages(): void {
  const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(build.stderr)
}
