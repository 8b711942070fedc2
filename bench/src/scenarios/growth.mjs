import { spawnSync } from 'node:child_process'
import { runFanOut } from './fan-out.mjs'

const contestants = ['floor', 'naive', 'rivulet-express']
const connectionCounts = [100, 1_000, 5_000, 10_000]
const sizes = [100, 1_000, 10_000, 100_000]
/** What the process has open besides its connections. */
const otherFiles = 100
/** The same work for all, so that what changes is the cost of one delivery. */
const deliveriesPerSecond = 20_000
const maxBytesPerSecond = 100e6
const connectionsOfSizes = 200

/** Open files that a process may have, where the system says. */
function maxFiles() {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n']).stdout?.toString())
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit
}

function possibleCounts() {
  const most = maxFiles() - otherFiles
  return connectionCounts.filter((count) => count <= most)
}

function skipped() {
  return connectionCounts
    .filter((count) => !possibleCounts().includes(count))
    .map((count) => `SKIPPED ${count} connections: ulimit -n is ${maxFiles()}`)
}

function settingsFor({ connections, bytes }, seconds) {
  const rate = Math.min(deliveriesPerSecond, maxBytesPerSecond / bytes)
  return { connections, bytes, eventsPerSecond: rate / connections, burst: 1, seconds, warmUpSeconds: 2 }
}

/** `at`: where on its axis a run stands. */
function runsOf(axis, places, settingsAt, seconds) {
  return places.flatMap((at) =>
    contestants.map((contestant) => ({
      label: `${contestant}, ${at.toLocaleString('en')} ${axis}`,
      contestant,
      axis,
      at,
      settings: settingsFor(settingsAt(at), seconds),
    })),
  )
}

/** How the cost of a delivery grows. Takes long and is a picture of its own, so it runs when it is named. */
export const growth = {
  name: 'growth',
  isApart: true,
  title: 'Growth: paced fan-out to more connections (200 bytes) and with larger events (200 connections)',
  columns: { cpu: 'CPU µs', user: 'user µs', system: 'system µs', deliveryP99: 'delivery p99 ms' },
  run: runFanOut,
  runs: (seconds = 4) => [
    ...runsOf('connections', possibleCounts(), (connections) => ({ connections, bytes: 200 }), seconds),
    ...runsOf('bytes', sizes, (bytes) => ({ connections: connectionsOfSizes, bytes }), seconds),
  ],
  bars: [],
  notes: skipped,
}
