// The charts, in the order in which they are shown. `sample` is what src/figures.ts measures.
// For a figure of your own add an entry here and a colour for its `name` in style.css.

import { decimal, gibibytes, mebibytes, whole } from './format.js'

/** How much time a chart shows. */
export const windowMs = 90_000

export const charts = [
  {
    name: 'cpu',
    title: 'CPU load',
    unit: '%',
    lines: [{ value: (sample) => sample.cpuPercent, shape: 'area' }],
    show: whole,
    top: () => 100,
    detail: (sample) => `Load average ${decimal(sample.loadAverage)} over 1 min`,
  },
  {
    name: 'memory',
    title: 'Memory in use',
    unit: 'GiB',
    lines: [{ value: (sample) => sample.memoryUsedBytes, shape: 'area' }],
    show: gibibytes,
    top: (_highest, sample) => sample.memoryTotalBytes,
    detail: (sample) =>
      `of ${gibibytes(sample.memoryTotalBytes)} GiB, this server ${mebibytes(sample.processBytes)} MiB`,
  },
  {
    name: 'delay',
    title: 'Event-loop delay',
    unit: 'ms',
    // The big number and the summary for screen readers are those of the first line.
    lines: [
      { value: (sample) => sample.loopWorstMs, shape: 'line' },
      { value: (sample) => sample.loopMedianMs, shape: 'area' },
    ],
    show: decimal,
    top: (highest) => roundUp(Math.max(highest, 4)),
    detail: (sample) => `Worst of the last second, median ${decimal(sample.loopMedianMs)} ms`,
  },
  {
    name: 'streams',
    title: 'Open streams',
    unit: '',
    lines: [{ value: (sample) => sample.openStreams, shape: 'steps' }],
    show: whole,
    top: (highest) => roundUp(Math.max(highest, 4)),
    detail: () => 'Open this page in a second tab to see one more',
  },
]

/** The next of 1, 2, 4, 6, 8, 10, 20, 40 …: tops of scales that also have a good half. */
function roundUp(value) {
  const magnitude = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 4, 6, 8, 10].find((candidate) => candidate * magnitude >= value)
  return (step ?? 10) * magnitude
}
