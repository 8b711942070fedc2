import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))

/** A program of this package as one script for browsers, which leaves its exports in a global variable. */
export async function bundle(entry: URL, globalName: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'iife',
    globalName,
    target: 'es2022',
    alias: {
      '@rivulet/client/eventsource': `${packageFolder}/src/eventsource.ts`,
      '@rivulet/client': `${packageFolder}/src/index.ts`,
    },
  })
  return outputFiles.map(({ text }) => text).join('\n')
}
