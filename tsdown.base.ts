import { defineConfig } from 'tsdown'

/** Every package is built the same way: one entry, ESM and CommonJS, each with its own declarations. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  dts: true,
  fixedExtension: true,
  // How long plugins took is no news to who runs a build.
  inputOptions: { checks: { pluginTimings: false } },
})
