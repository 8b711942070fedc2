import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { collectMetrics } from '@rivulet/metrics/prometheus'
import { Registry } from 'prom-client'
import { type App, live, startApp } from './app.ts'

const registry = new Registry()
let metrics: ReturnType<typeof collectMetrics>
let app: App

beforeAll(async () => {
  metrics = collectMetrics({ registry })
  app = await startApp()
})

afterAll(async () => {
  metrics.stop()
  await app.close()
})

/** The samples of a scrape over HTTP, by name and labels. */
async function scrape(): Promise<Map<string, number>> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', registry.contentType)
    void registry.metrics().then((text) => response.end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  await new Promise((resolve) => server.close(resolve))
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    }),
  )
}

test('a running application is scraped', async () => {
  await live(app)
  const before = await scrape()
  expect(Object.fromEntries(before)).toMatchObject({
    rivulet_streams_open: 0,
    rivulet_streams_opened_total: 2,
    'rivulet_streams_closed_total{reason="client"}': 2,
    'rivulet_gaps_total{reason="expired"}': 1,
    rivulet_replay_events_count: 2,
    rivulet_replay_events_sum: 5 + 2,
    'rivulet_publish_duration_seconds_count{outcome="stored"}': 10,
    rivulet_log_interrupted_channels: 0,
    rivulet_buffered_bytes: 0,
  })
  // $gap and $ready for one, $ready for both, and seven events.
  expect(before.get('rivulet_events_sent_total')).toBe(10)
  expect(before.get('rivulet_bytes_sent_total')).toBeGreaterThan(300)
})

test('open streams count while they are open, and a live event is measured', async () => {
  const visiting = app.visit(undefined, 1)
  while ((await scrape()).get('rivulet_events_sent_total') !== 11) {
    // Until its $ready is out.
  }
  expect((await scrape()).get('rivulet_streams_open')).toBe(1)
  await app.channel.publish({ data: 'live' })
  await visiting
  const after = await scrape()
  expect(after.get('rivulet_events_sent_total')).toBe(12)
  expect(after.get('rivulet_delivery_latency_seconds_count')).toBe(1)
  expect(after.get('rivulet_fan_out_duration_seconds_count')).toBe(1)
  expect(after.get('rivulet_log_lag_seconds_count')).toBe(1)
})

test('names that are taken are an error of prom-client, and stop() frees them', async () => {
  expect(() => collectMetrics({ registry })).toThrow('already been registered')
  const other = collectMetrics({ registry, prefix: 'other_' })
  expect(await registry.metrics()).toContain('other_streams_open 0')
  other.stop()
  expect(await registry.metrics()).not.toContain('other_')
})
