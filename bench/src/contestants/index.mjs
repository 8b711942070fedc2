import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * All contestants: the module that starts each, and the packages and programs whose versions are printed.
 *
 * A module exports `start(settings)`, which resolves with `{ port, publish(events, topic?), prepare?(events), cpuUsage?() }`: a
 * server on the loopback with the routes that `frameworks.mjs` describes. `cpuUsage`: of another process that does the work.
 */
export const contestants = {
  floor: { module: './floor.mjs', packages: [] },
  naive: { module: './naive.mjs', packages: [] },
  'naive-express': { module: './naive-express.mjs', packages: ['express'] },
  'full-express': { module: './full-express.mjs', packages: ['express'] },
  'naive-fastify': { module: './naive-fastify.mjs', packages: ['fastify'] },
  'rivulet-core': { module: './rivulet-core.mjs', packages: ['@rivulet/core'] },
  'rivulet-observed': { module: './rivulet-observed.mjs', packages: ['@rivulet/core'] },
  'rivulet-express': { module: './rivulet-express.mjs', packages: ['@rivulet/express', 'express'] },
  'rivulet-fastify': { module: './rivulet-fastify.mjs', packages: ['@rivulet/fastify', 'fastify'] },
  'better-sse': { module: './better-sse.mjs', packages: ['better-sse'] },
  '@fastify/sse': { module: './fastify-sse.mjs', packages: ['@fastify/sse'] },
  'sse-channel': { module: './sse-channel.mjs', packages: ['sse-channel'] },
  'express-sse': { module: './express-sse.mjs', packages: ['express-sse'] },
  nchan: { module: './nchan.mjs', packages: [], programs: ['nginx'] },
  hono: { module: './hono.mjs', packages: ['hono', '@hono/node-server'] },
}

/** What users would pick instead. */
export const libraries = ['better-sse', '@fastify/sse', 'sse-channel', 'express-sse', 'hono']

export async function startContestant(name, settings) {
  const { start } = await import(contestants[name].module)
  return start(settings)
}

/** What a table calls a contestant, with the versions of what it consists of. */
export function named(label) {
  const versions = (contestants[label]?.packages ?? []).map(versionOf)
  return versions.length === 0 ? label : `${label} (${versions.join(', ')})`
}

/** `name version` of a package as it is installed here. */
export function versionOf(name) {
  // Not every package lets its package.json be imported.
  let folder = dirname(require.resolve(name))
  for (;;) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (manifest.name === name) return `${name} ${manifest.version}`
    } catch {
      // Further up.
    }
    if (folder === dirname(folder)) return name
    folder = dirname(folder)
  }
}
