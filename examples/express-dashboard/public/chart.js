// One chart, drawn as SVG. Scale and labels stand still; the plot above them is drawn once a second
// and moved in between by the browser's compositor, which costs next to nothing.

const edgePx = 8
const headroomPx = 6
/** Where the scale has a line and a number, as shares of its top; what zero is needs no label. */
const scale = [1, 0.5, 0]

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')

/** `spec` is an entry of charts.js; `host` an element with a size. */
export function createChart(host, spec, windowMs) {
  const [grid, plot, labels] = ['grid', 'plot', 'labels'].map((name) =>
    svg('svg', { class: name, 'aria-hidden': 'true' }),
  )
  const scaleLines = scale.map(() => grid.appendChild(svg('path', { class: 'grid-line' })))
  const scaleLabels = scale.slice(0, -1).map(() => labels.appendChild(svg('text', { class: 'grid-label' })))
  const outageBand = plot.appendChild(svg('path', { class: 'outage' }))
  const outageEdges = plot.appendChild(svg('path', { class: 'outage-edge' }))
  const lines = spec.lines.map((line, index) => ({
    ...line,
    fill: plot.appendChild(svg('path', { class: `fill line-${index + 1}` })),
    stroke: plot.appendChild(svg('path', { class: `stroke line-${index + 1}` })),
  }))
  const caughtUp = plot.appendChild(svg('path', { class: 'caught-up' }))
  const markLines = plot.appendChild(svg('path', { class: 'mark-line' }))
  const markHeads = plot.appendChild(svg('path', { class: 'mark-head' }))
  const tip = plot.appendChild(svg('circle', { class: 'tip', r: 4 }))
  // The frame stays where it is while the plot moves: it lets the oldest fade away, under the labels.
  const frame = document.createElement('div')
  frame.className = 'frame'
  frame.append(plot)
  host.append(grid, frame, labels)

  let width = 0
  let height = 0
  let drift = null
  new ResizeObserver(([entry]) => {
    width = entry.contentRect.width
    height = entry.contentRect.height
    for (const layer of [grid, plot, labels]) layer.setAttribute('viewBox', `0 0 ${width} ${height}`)
  }).observe(host)

  /** `outages` are `{ from, to }`, `to` null while it lasts; all times are the server's. */
  function draw({ samples, marks, outages, now }) {
    if (width === 0) return
    const newest = samples.at(-1)
    const pxPerMs = (width - edgePx) / windowMs
    const x = (time) => width - edgePx - (now - time) * pxPerMs

    if (newest) {
      const values = samples.flatMap((sample) => lines.map((line) => line.value(sample)))
      const top = spec.top(Math.max(...values), newest)
      const y = (value) => height - 1 - (Math.min(value, top) / top) * (height - headroomPx - 1)
      drawScale(top, y)
      for (const line of lines) drawLine(line, samples, x, y)
      // What came late shows as points; the newest point of all has its own.
      const late = samples.filter((sample) => sample.wasCaughtUp)
      caughtUp.setAttribute('d', late.map((sample) => dot(x(sample.at), y(lines[0].value(sample)))).join(''))
      tip.setAttribute('cx', x(newest.at))
      tip.setAttribute('cy', y(lines[0].value(newest)))
    }
    drawOutages(outages, x)
    drawMarks(marks, x)
    moveOn(pxPerMs)
    describe(samples)
  }

  function drawScale(top, y) {
    const unit = spec.unit === '' ? '' : ` ${spec.unit}`
    for (const [index, share] of scale.entries()) {
      const at = Math.round(y(top * share)) + 0.5
      scaleLines[index].setAttribute('d', `M0 ${at}H${width}`)
    }
    for (const [index, label] of scaleLabels.entries()) {
      label.setAttribute('y', y(top * scale[index]) + 14)
      label.textContent = spec.show(top * scale[index]) + unit
    }
  }

  function drawLine({ value, shape, fill, stroke }, samples, x, y) {
    let path = ''
    let area = ''
    let piece = []
    const finish = () => {
      if (piece.length === 0) return
      const points = shape === 'steps' ? steps(piece) : piece
      const drawn = points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')
      // A point without neighbours is a line of no length; its round ends make it a dot.
      path += `M${drawn}${points.length === 1 ? 'h0' : ''}`
      if (shape !== 'line') area += `M${points[0][0].toFixed(1)} ${height}L${drawn}V${height}Z`
      piece = []
    }
    for (const sample of samples) {
      // Never a line across what is missing.
      if (!sample.follows) finish()
      piece.push([x(sample.at), y(value(sample))])
    }
    finish()
    stroke.setAttribute('d', path)
    fill.setAttribute('d', area)
  }

  function drawOutages(outages, x) {
    let bands = ''
    let edges = ''
    for (const { from, to } of outages) {
      const left = x(from).toFixed(1)
      // An outage that lasts goes on beyond the edge, because the plot moves left under it.
      const right = (to === null ? width * 2 : Math.max(x(to), x(from) + 2)).toFixed(1)
      bands += `M${left} 0H${right}V${height}H${left}Z`
      edges += `M${left} 0V${height}M${right} 0V${height}`
    }
    outageBand.setAttribute('d', bands)
    outageEdges.setAttribute('d', edges)
  }

  function drawMarks(marks, x) {
    const places = marks.map((mark) => x(mark.at).toFixed(1))
    markLines.setAttribute('d', places.map((at) => `M${at} 0V${height}`).join(''))
    markHeads.setAttribute('d', places.map((at) => `M${at} 0l5 5l-5 5l-5 -5Z`).join(''))
  }

  function moveOn(pxPerMs) {
    drift?.cancel()
    drift = null
    if (reducedMotion.matches) return
    const duration = 2_000
    drift = plot.animate([{ transform: 'none' }, { transform: `translateX(${-duration * pxPerMs}px)` }], {
      duration,
      fill: 'forwards',
    })
  }

  /** What the picture says, in words: the chart's accessible name. */
  function describe(samples) {
    const unit = spec.unit === '' ? '' : ` ${spec.unit}`
    const values = samples.map(lines[0].value)
    const said =
      values.length === 0
        ? 'no figures yet'
        : `now ${spec.show(values.at(-1))}${unit}, lowest ${spec.show(Math.min(...values))}${unit}, highest ${spec.show(Math.max(...values))}${unit}`
    host.setAttribute('aria-label', `${spec.title}, the last ${windowMs / 1_000} seconds: ${said}`)
  }

  describe([])
  return { draw }
}

/** A line of no length; its round ends make it a dot. */
function dot(px, py) {
  return `M${px.toFixed(1)} ${py.toFixed(1)}h0`
}

function steps(points) {
  return points.flatMap(([px, py], index) =>
    index === 0
      ? [[px, py]]
      : [
          [px, points[index - 1][1]],
          [px, py],
        ],
  )
}

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
