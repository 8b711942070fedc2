import base from '../../tsdown.base.ts'

export default { ...base, platform: 'neutral' as const, target: 'es2022' }
