import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { collectMetrics } from '@rivulet/metrics/opentelemetry'
import { live, startApp } from './app.ts'

test('a running application is measured', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const provider = new MeterProvider({ readers: [reader] })
  const metrics = collectMetrics({ meter: provider.getMeter('test') })
  const app = await startApp()
  await live(app)
  await provider.forceFlush()
  metrics.stop()
  await provider.shutdown()
  await app.close()
  const found = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics)
  const values = new Map(
    found.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
      dataPoints.map(({ value, attributes }) => {
        const labels = Object.values(attributes).join()
        const what = typeof value === 'number' ? value : value.count
        return [`${name}${labels === '' ? '' : ` ${labels}`} ${unit}`, what] as const
      }),
    ),
  )
  expect(Object.fromEntries(values)).toMatchObject({
    'rivulet.stream.open {stream}': 0,
    'rivulet.stream.opened {stream}': 2,
    'rivulet.stream.closed client {stream}': 2,
    'rivulet.stream.events {event}': 10,
    'rivulet.stream.buffered By': 0,
    'rivulet.channel.gaps expired {gap}': 1,
    'rivulet.channel.replay {event}': 2,
    'rivulet.channel.publish.duration stored s': 10,
    'rivulet.log.interrupted {channel}': 0,
  })
})
