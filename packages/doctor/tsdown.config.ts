import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

/** The library as every package, and the command, which Node runs as an ES module. */
export default defineConfig([base, { ...base, entry: ['src/cli.ts'], format: ['esm'], dts: false }])
