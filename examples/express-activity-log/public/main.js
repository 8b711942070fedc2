import { createChart, totalOf } from './chart.js'
import { connect } from './connection.js'
import { timeOfDay, whole } from './format.js'
import { createRows } from './rows.js'

const element = (id) => document.getElementById(id)
const filter = element('filter')

const chart = createChart(element('chart'))
const rows = createRows({
  list: element('rows'),
  empty: element('empty'),
  follow: element('follow'),
  chosen: showDetails,
})
let connection = null
let lines = 0
let entries = 0
let perSecond = 0
let isFrameDue = false

listen()

// What the server sends depends on the level; what is shown of it, on the text.
filter.addEventListener('change', ({ target }) => {
  if (target.name === 'level') listen()
})
filter.addEventListener('input', ({ target }) => {
  if (target.name === 'text') applyText()
})
filter.addEventListener('submit', (event) => event.preventDefault())

for (const button of document.querySelectorAll('[data-request]')) {
  button.addEventListener('click', async () => {
    const [method, url] = button.dataset.request.split(' ')
    try {
      await fetch(url, { method })
    } catch {
      note('The server cannot be reached.')
    }
  })
}

function listen() {
  connection?.close()
  rows.clear()
  chart.clear()
  lines = 0
  entries = 0
  connection = connect(new FormData(filter).get('level'), {
    entered(entry, count) {
      lines += count
      entries += 1
      rows.add({ ...entry, lines: count })
      renderSoon()
    },
    counted(rates) {
      perSecond = totalOf(rates)
      chart.add(rates)
      renderSoon()
    },
    missed({ reason }) {
      note(
        reason === 'unknown'
          ? 'The server began anew; what it logged before is gone.'
          : 'Lines are missing here: the server no longer has them.',
      )
    },
    changed(state) {
      document.querySelector('.state').dataset.state = state
      say('state', { connecting: 'Connecting', live: 'Live', away: 'Reconnecting' }[state])
    },
  })
  applyText()
}

function applyText() {
  const wanted = new FormData(filter).get('text').trim().toLowerCase()
  rows.filter((entry) => wanted === '' || textOf(entry).includes(wanted))
  say('empty', wanted === '' ? 'Nothing here yet.' : 'No line has this text.')
  renderSoon()
}

/** Everything of an entry that a search may find; made once. */
function textOf(entry) {
  entry.text ??= `${entry.level} ${entry.message} ${JSON.stringify(entry.details ?? {})}`.toLowerCase()
  return entry.text
}

/** A line of the page's own. */
function note(message) {
  rows.add({ notice: true, level: 'info', at: Date.now(), message, lines: 1, details: {} })
}

function showDetails(entry) {
  element('details-hint').hidden = Boolean(entry)
  element('details-facts').hidden = !entry
  if (!entry) return
  element('details-message').textContent = entry.message
  const stands = entry.lines > 1 ? `, the newest of ${whole(entry.lines)} lines of its kind` : ''
  element('details-when').textContent = `${entry.level}, ${timeOfDay(entry.at)}${stands}`
  element('details-fields').textContent = readable(entry.details)
}

/** JSON, except that stacks keep their lines. */
function readable(fields) {
  return JSON.stringify(fields, null, 2).replaceAll('\\n', '\n')
}

/** However many lines come at once, the page is drawn once. */
function renderSoon() {
  if (isFrameDue) return
  isFrameDue = true
  requestAnimationFrame(() => {
    isFrameDue = false
    say('figures', `${whole(perSecond)} per second, ${whole(lines)} lines in ${whole(entries)} rows`)
    say('shown', rows.shownCount() === entries ? '' : `${whole(rows.shownCount())} shown`)
  })
}

/** Touches the page only where something is new, so that screen readers hear a state once. */
function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words
}
