import { existsSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailed, runPnpm } from './run.mjs'
import { exampleFolders, hashOf, packageFolders, remember, remembered, root } from './workspace.mjs'

/**
 * Installs and builds what has changed since the last time; takes no time when nothing has. `work` is done
 * while nobody else can build.
 */
export async function prepare(work = () => {}) {
  await prepareInstalled(() => {
    build()
    work()
  })
}

/** Installs what has changed since the last time, for tools that read the sources. `work` as above. */
export async function prepareInstalled(work = () => {}) {
  refuseOldNode()
  await withLock(() => {
    install()
    work()
  })
}

function refuseOldNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const numbers = (version) => version.match(/\d+/g).map(Number)
  const [wantedMajor, wantedMinor] = numbers(engines.node)
  const [major, minor] = numbers(process.versions.node)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  throw new CommandFailed(`This needs Node ${engines.node}; it runs on ${process.versions.node}.`)
}

function install() {
  const manifests = [root, ...packageFolders(), ...exampleFolders(), join(root, 'bench')]
  const wanted = () =>
    hashOf([
      join(root, 'pnpm-lock.yaml'),
      join(root, 'pnpm-workspace.yaml'),
      ...manifests.map((folder) => join(folder, 'package.json')),
    ])
  const isInstalled = existsSync(join(root, 'node_modules', '.pnpm'))
  if (isInstalled && remembered('installed') === wanted()) return
  runPnpm(['install'])
  remember('installed', wanted())
}

function build() {
  const sources = packageFolders().flatMap((folder) =>
    ['src', 'package.json', 'tsconfig.json', 'tsdown.config.ts'].map((name) => join(folder, name)),
  )
  const shared = ['tsconfig.base.json', 'tsdown.base.ts', 'pnpm-lock.yaml'].map((name) => join(root, name))
  const wanted = hashOf([...sources, ...shared])
  const isBuilt = packageFolders().every((folder) => hasModules(join(folder, 'dist')))
  if (isBuilt && remembered('built') === wanted) return
  buildPackages()
  remember('built', wanted)
}

/** Not every package has an `index`: some have several entries. */
function hasModules(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.cjs'))
}

/** Builds all packages, each after those it depends on; they have to be installed. */
export function buildPackages() {
  runPnpm(['--recursive', '--filter', './packages/*', 'run', 'build'])
}

/**
 * Two commands at once (`npm start` in one terminal, `npm test` in the other) must not install or build
 * into each other. A lock whose process is gone is broken open.
 */
async function withLock(work) {
  const lock = join(root, '.prepare-lock')
  const mine = `${lock}-${process.pid}`
  // A link appears with its content and only where nothing is: no moment without an owner.
  writeFileSync(mine, String(process.pid))
  try {
    while (!hasLinked(mine, lock)) {
      if (isAbandoned(lock)) rmSync(lock, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 200))
    }
    try {
      work()
    } finally {
      rmSync(lock, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

function hasLinked(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
    return false
  } catch (error) {
    // ENOENT: released a moment ago, try again. EPERM: it lives, and belongs to another user.
    return error.code === 'ESRCH'
  }
}
