import base from '../../tsdown.base.ts'

export default {
  ...base,
  entry: ['src/index.ts', 'src/eventsource.ts'],
  platform: 'neutral' as const,
  target: 'es2022',
}
