import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../profiles', import.meta.url))
let kinds = []

/** Has the server's process profiled: `cpu`, `heap` or both. The files are written to `bench/profiles/`. */
export function profile(...wanted) {
  kinds = wanted
}

export function profilingOptions(contestant) {
  return kinds.flatMap((kind) => [
    `--${kind}-prof`,
    `--${kind}-prof-dir=${folder}`,
    `--${kind}-prof-name=${contestant}-${Date.now()}.${kind}profile`,
  ])
}
