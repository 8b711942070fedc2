import { writeFileSync } from 'node:fs'
import { barsOf } from './bars.mjs'
import { linesOf } from './lines.mjs'
import { escaped, panelWidth } from './svg.mjs'

const margin = 24
const gap = 32
const footHeight = 30

// Light unless the reader's system is dark; Rivulet in colour, what it is compared with in grey.
const style = `
  .page { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #656d76 } .rule { stroke: #d0d7de }
  .user { fill: #8c959f } .system { fill: #d0d7de } .own .user { fill: #0969da } .own .system { fill: #a5cdff }
  .line { fill: none; stroke: #8c959f; stroke-width: 2 } .dot { fill: #8c959f }
  .own .line { stroke: #0969da; stroke-width: 2.5 } .own .dot { fill: #0969da }
  .dashed .line { stroke-dasharray: 5 4 }
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif } .title { font-weight: 600; font-size: 13px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #e6edf3 } .faint { fill: #8d96a0 } .rule { stroke: #30363d }
    .user { fill: #7d8590 } .system { fill: #3d444d } .own .user { fill: #4493f8 } .own .system { fill: #1f4d8f }
    .line { stroke: #7d8590 } .dot { fill: #7d8590 } .own .line { stroke: #4493f8 } .own .dot { fill: #4493f8 }
  }
`

/**
 * An SVG of panels, two beside each other.
 *
 * @param {import('./panels.mjs').Panel[]} panels
 * @param {string} foot On what machine it was measured.
 */
function pictureOf(panels, foot) {
  const drawn = panels.map((panel) => (panel.kind === 'bars' ? barsOf(panel) : linesOf(panel)))
  const width = 2 * margin + 2 * panelWidth + gap
  let y = margin
  let body = ''
  for (let first = 0; first < drawn.length; first += 2) {
    const row = drawn.slice(first, first + 2)
    for (const [column, { svg }] of row.entries())
      body += `<g transform="translate(${margin + column * (panelWidth + gap)} ${y})">${svg}</g>\n`
    y += Math.max(...row.map(({ height }) => height)) + gap
  }
  const height = y + footHeight
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>CPU of one delivery, in microseconds</title>
<style>${style}</style>
<rect class="page" width="${width}" height="${height}"/>
${body}<text class="faint" x="${margin}" y="${height - margin}">Microseconds of CPU per delivery${legendOf(panels)}. ${escaped(foot)}</text>
</svg>
`
}

/** @param {string} file To be written. */
export function writePicture(file, panels, foot) {
  writeFileSync(file, pictureOf(panels, foot))
}

function legendOf(panels) {
  return panels.some(({ kind }) => kind === 'bars') ? ': user first, then system' : ''
}
