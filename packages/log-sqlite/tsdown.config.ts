import base from '../../tsdown.base.ts'

export default [
  base,
  // A file of its own, which a thread runs; it is named in src/worker-file.ts.
  { ...base, entry: { worker: 'src/worker/main.ts' }, format: ['cjs'] as const, dts: false, clean: false },
]
