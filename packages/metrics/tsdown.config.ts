import base from '../../tsdown.base.ts'

export default { ...base, entry: ['src/prometheus.ts', 'src/opentelemetry.ts'] }
