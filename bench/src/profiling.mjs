import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../profiles', import.meta.url))
let kinds = []

/** Has the server's process profiled while it is measured: `cpu`, `heap` or both. The files are written to `bench/profiles/`. */
export function profile(...wanted) {
  kinds = wanted
  if (wanted.length > 0) mkdirSync(folder, { recursive: true })
}

/** What a server is to write, by kind. */
export function profilesOf(contestant) {
  const name = `${contestant.replace('/', '-')}-${Date.now()}`
  return kinds.map((kind) => ({ kind, file: join(folder, `${name}.${kind}profile`) }))
}
