import { escaped, ownClass, panelWidth, rounded } from './svg.mjs'

const labelWidth = 116
const valueWidth = 44
const rowHeight = 22
const barHeight = 14
const top = 44

/** One bar for each contestant, user CPU first. */
export function barsOf({ title, bars }) {
  const most = Math.max(...bars.map(({ user, system }) => user + system))
  const scale = (panelWidth - labelWidth - valueWidth) / most
  const rows = bars.map((bar, place) => rowOf(bar, top + place * rowHeight, scale))
  const [name, ...rest] = title.split(': ')
  return {
    height: top + bars.length * rowHeight,
    svg: `<text class="text title" y="12">${escaped(name)}</text>
<text class="faint" y="30">${escaped(rest.join(': '))}</text>
${rows.join('\n')}`,
  }
}

function rowOf({ label, user, system }, y, scale) {
  const userWidth = user * scale
  const systemWidth = system * scale
  const middle = y + barHeight - 3
  return `<g class="${ownClass(label)}">
<text class="text" x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>
<rect class="user" x="${labelWidth}" y="${y}" width="${userWidth.toFixed(1)}" height="${barHeight}"/>
<rect class="system" x="${(labelWidth + userWidth).toFixed(1)}" y="${y}" width="${systemWidth.toFixed(1)}" height="${barHeight}"/>
<text class="faint" x="${(labelWidth + userWidth + systemWidth + 6).toFixed(1)}" y="${middle}">${rounded(user + system)}</text>
</g>`
}
