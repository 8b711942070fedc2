import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transformSync } from '@swc/core'

const sources = join(__dirname, '..', '..', 'src')
// Below the package's node_modules, where the worker finds what the package depends on.
const cache = join(__dirname, '..', '..', 'node_modules', '.cache')

/** Stands in for `src/worker-file.ts`: a thread runs no TypeScript on every Node, so the worker's sources are translated here. */
export const workerFile = join(translated(), 'worker', 'main.cjs')

function translated(): string {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(worker|file)[\\/].*\.ts$/.test(file),
  )
  const texts = files.map((file) => readFileSync(join(sources, file), 'utf8'))
  const hash = createHash('sha1')
    .update(JSON.stringify([files, texts]))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cache, `worker-${hash}`)
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`
    files.forEach((file, index) => {
      const target = join(unfinished, file.replace(/\.ts$/, '.cjs'))
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, translate(texts[index] ?? ''))
    })
    putInPlace(unfinished, folder)
  }
  return folder
}

function translate(text: string): string {
  return transformSync(text.replace(/from '(\.[^']+)\.ts'/g, "from '$1.cjs'"), {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  }).code
}

/** Whole or not at all: test files run at the same time. */
function putInPlace(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}
