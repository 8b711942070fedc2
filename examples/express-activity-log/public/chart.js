// Lines per second over the last minute, as bars. Their heights are on a logarithmic scale: one line shows, and so does a flood.

import { whole } from './format.js'

const seconds = 60
const levels = ['error', 'warn', 'info', 'debug']

export function createChart(host) {
  const bars = Array.from({ length: seconds }, () => host.appendChild(document.createElement('span')))
  let rates = []

  return {
    add(one) {
      rates = [...rates, one].slice(-seconds)
      draw()
    },
    clear() {
      rates = []
    },
  }

  function draw() {
    const totals = rates.map(totalOf)
    const most = Math.max(...totals, 9)
    for (const [index, bar] of bars.entries()) {
      const rate = rates[index - seconds + rates.length]
      const total = rate ? totalOf(rate) : 0
      bar.style.setProperty('--height', `${(100 * Math.log1p(total)) / Math.log1p(most)}%`)
      // The colour of the loudest line of that second.
      bar.dataset.level = levels.find((level) => rate?.[level] > 0) ?? ''
    }
    host.setAttribute(
      'aria-label',
      `Lines per second over the last minute: now ${whole(totals.at(-1) ?? 0)}, most ${whole(Math.max(...totals))}`,
    )
  }
}

export function totalOf({ debug, info, warn, error }) {
  return debug + info + warn + error
}
