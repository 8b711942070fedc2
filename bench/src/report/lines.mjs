import { escaped, ownClass, panelWidth, rounded } from './svg.mjs'

const left = 40
const right = 100
const top = 34
const plotHeight = 190
const bottom = 24
/** Least distance between two names at the ends of lines. */
const nameHeight = 14

/** One line for each contestant, over places that stand evenly; the value's axis is logarithmic. */
export function linesOf({ title, lines }) {
  const places = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => a - b)
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value))
  const ticks = ticksFor(Math.min(...values), Math.max(...values))
  const step = places.length > 1 ? (panelWidth - left - right) / (places.length - 1) : 0
  const xOf = (at) => left + places.indexOf(at) * step
  const [low, high] = [Math.log(ticks[0]), Math.log(ticks.at(-1))]
  const yOf = (value) => top + plotHeight * (1 - (Math.log(value) - low) / (high - low))
  const grid = ticks.map(
    (
      tick,
    ) => `<line class="rule" x1="${left}" x2="${panelWidth - right}" y1="${yOf(tick)}" y2="${yOf(tick)}"/>
<text class="faint" x="${left - 8}" y="${yOf(tick) + 4}" text-anchor="end">${tick}</text>`,
  )
  const names = places.map(
    (at) =>
      `<text class="faint" x="${xOf(at)}" y="${top + plotHeight + 20}" text-anchor="middle">${at.toLocaleString('en')}</text>`,
  )
  const ends = spacedEnds(lines.map(({ points }) => yOf(points.at(-1).value)))
  const drawn = lines.map((line, place) => lineOf(line, xOf, yOf, ends[place]))
  return {
    height: top + plotHeight + bottom,
    svg: [`<text class="text title" y="12">${escaped(title)}</text>`, ...grid, ...names, ...drawn].join('\n'),
  }
}

function lineOf({ label, points }, xOf, yOf, endY) {
  const path = points.map(({ at, value }) => `${xOf(at).toFixed(1)},${yOf(value).toFixed(1)}`)
  const dots = points.map(
    ({ at, value }) =>
      `<circle class="dot" cx="${xOf(at).toFixed(1)}" cy="${yOf(value).toFixed(1)}" r="3"><title>${rounded(value)} µs</title></circle>`,
  )
  const kind = label === 'floor' ? 'dashed' : ownClass(label)
  return `<g class="${kind}"><polyline class="line" points="${path.join(' ')}"/>${dots.join('')}
<text class="text" x="${panelWidth - right + 10}" y="${(endY + 4).toFixed(1)}">${escaped(label)}</text></g>`
}

/** 1, 2, 5, 10, 20 … around the values. */
function ticksFor(least, most) {
  const all = [-2, -1, 0, 1, 2, 3, 4].flatMap((power) =>
    [1, 2, 5].map((digit) => Number((digit * 10 ** power).toPrecision(1))),
  )
  const from = all.findLastIndex((tick) => tick <= least)
  const to = all.findIndex((tick) => tick >= most)
  const ticks = all.slice(from, to + 1)
  return ticks.length > 1 ? ticks : all.slice(from, from + 2)
}

/** Moves names apart that would lie on each other, downwards. */
function spacedEnds(ends) {
  const spaced = [...ends]
  const order = ends.map((_, place) => place).sort((a, b) => ends[a] - ends[b])
  for (const [rank, place] of order.entries()) {
    if (rank > 0) spaced[place] = Math.max(spaced[place], spaced[order[rank - 1]] + nameHeight)
  }
  return spaced
}
