import base from '../../tsdown.base.ts'

export default { ...base, entry: { index: 'src/index.ts', worker: 'src/worker/main.ts' } }
