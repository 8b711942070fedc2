import { createChart } from './chart.js'
import { charts, windowMs } from './charts.js'
import { connect } from './connection.js'
import { count, duration, gibibytes, seconds, timeOfDay, whole } from './format.js'

const element = (id) => document.getElementById(id)
const stateBadge = document.querySelector('.state')
const logRows = document.querySelector('#log ol')
const maxLogRows = 50
/** Open, but silent for this long: then the page says so. */
const silentMs = 5_000

// A name that nobody can guess, because whoever knows it may drop this page's connection.
const page = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, '0'),
).join('')

const samples = []
const marks = []
const outages = []
const cards = charts.map(createCard)
let isRenderDue = false

const connection = connect(`events?page=${page}`, {
  changed: renderSoon,
  sampled(sample) {
    samples.push(sample)
    // Here too, because a page in the background gets events and is not drawn.
    forgetBefore(sample.at - windowMs)
  },
  marked(mark) {
    marks.push(mark)
    addLogRow(mark.at + connection.clockOffsetMs, mark.text, 'mark')
  },
  visited(visit) {
    if (visit.awayMs !== null) {
      const to = serverTime()
      outages.push({ from: to - visit.awayMs, to })
    }
    visit.row = addLogRow(
      visit.at,
      visit.awayMs === null ? 'Connected' : `Back after ${seconds(visit.awayMs)}`,
    )
  },
  settled(visit) {
    const said = describeCatchUp(visit)
    if (said !== '') addDetail(visit.row, said, visit.missed > 0 || visit.gap !== null ? 'loss' : 'whole')
  },
})

element('drop').addEventListener('click', async () => {
  if (connection.state !== 'live') return
  try {
    const response = await fetch(`drop?page=${page}`, { method: 'POST' })
    if (!response.ok) addLogRow(Date.now(), `The server refused: ${response.status}`)
  } catch {
    addLogRow(Date.now(), 'The server cannot be reached')
  }
})

element('mark-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.currentTarget
  const body = JSON.stringify(Object.fromEntries(new FormData(form)))
  try {
    const response = await fetch('marks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    // The note itself comes back over the stream, as it does to everybody else.
    if (response.ok) form.reset()
    else addLogRow(Date.now(), `The server refused: ${response.status}`)
  } catch {
    addLogRow(Date.now(), 'The server cannot be reached')
  }
})

setInterval(renderSoon, 1_000)
renderSoon()

function serverTime() {
  return Date.now() - connection.clockOffsetMs
}

/** However many events come at once, the page is drawn once. */
function renderSoon() {
  if (isRenderDue) return
  isRenderDue = true
  requestAnimationFrame(() => {
    isRenderDue = false
    render()
  })
}

function render() {
  const now = serverTime()
  forgetBefore(now - windowMs)
  const current = { from: connection.since - connection.clockOffsetMs, to: null }
  const away = connection.state === 'away' ? [...outages, current] : outages

  renderState()
  renderFacts()
  for (const card of cards) card.render(now, away)
}

/** Keeps a little more than is shown, so that lines run off the left edge instead of ending before it. */
function forgetBefore(time) {
  const margin = 5_000
  while (samples.length > 0 && samples[0].at < time - margin) samples.shift()
  while (marks.length > 0 && marks[0].at < time - margin) marks.shift()
  while (outages.length > 0 && outages[0].to < time - margin) outages.shift()
}

function renderState() {
  const silence = Date.now() - connection.lastEventAt
  const isSilent = connection.state === 'live' && silence > silentMs
  const words = {
    connecting: 'Connecting',
    live: isSilent ? 'Open, but silent' : 'Live',
    away: 'Reconnecting',
  }
  stateBadge.dataset.state = isSilent ? 'silent' : connection.state
  say('state', words[connection.state])
  say('state-for', duration(isSilent ? silence : Date.now() - connection.since))
  element('drop').setAttribute('aria-disabled', String(connection.state !== 'live'))
}

function renderFacts() {
  say('last-id', connection.lastId === '' ? 'none yet' : connection.lastId)
  say('received', whole(connection.received))
  say('missed', whole(connection.missed))
  say('doubled', whole(connection.doubled))
  element('missed').classList.toggle('loss', connection.missed > 0)
  element('doubled').classList.toggle('loss', connection.doubled > 0)
  const { machine } = connection
  if (machine) {
    say(
      'machine',
      `${machine.platform}, ${count(machine.cores, 'core')}, ${gibibytes(machine.memoryTotalBytes)} GiB, Node ${machine.node.slice(1)}`,
    )
  }
}

function createCard(spec) {
  const card = element('chart-card').content.cloneNode(true).firstElementChild
  const find = (selector) => card.querySelector(selector)
  card.dataset.name = spec.name
  find('h2').textContent = spec.title
  find('.unit').textContent = spec.unit
  find('.axis-start').textContent = `${duration(windowMs)} ago`
  element('charts').append(card)
  const chart = createChart(find('.chart'), spec, windowMs)

  return {
    render(now, away) {
      const newest = samples.at(-1)
      if (newest) {
        find('.value').textContent = spec.show(spec.lines[0].value(newest))
        find('.detail').textContent = spec.detail(newest)
      }
      chart.draw({ samples, marks, outages: away, now })
    },
  }
}

function describeCatchUp({ awayMs, caughtUp, missed, gap }) {
  if (gap?.reason === 'unknown')
    return `The server began anew; ${count(caughtUp, 'event')} of its new history`
  if (missed > 0) {
    const why = gap?.reason === 'expired' ? ', the server no longer keeps them' : ''
    return `${count(missed, 'event')} missed${why}${caughtUp > 0 ? `; ${whole(caughtUp)} caught up` : ''}`
  }
  if (awayMs === null) return caughtUp === 0 ? '' : `${count(caughtUp, 'event')} of history`
  return caughtUp === 0 ? 'Nothing happened meanwhile' : `${whole(caughtUp)} caught up, none missed`
}

/** Newest first; what comes from history goes where it belongs. */
function addLogRow(at, words, kind = '') {
  const row = document.createElement('li')
  row.className = kind
  const time = document.createElement('time')
  time.textContent = timeOfDay(at)
  time.dateTime = new Date(at).toISOString()
  const text = document.createElement('p')
  text.textContent = words
  row.append(time, text)
  const later = [...logRows.children].filter((other) => other.firstChild.dateTime > time.dateTime)
  if (later.length > 0) later.at(-1).after(row)
  else logRows.prepend(row)
  while (logRows.children.length > maxLogRows) logRows.lastElementChild.remove()
  makeLogReachable()
  return row
}

function addDetail(row, words, kind) {
  const detail = document.createElement('p')
  detail.className = `log-detail ${kind}`
  detail.textContent = words
  row.append(detail)
  makeLogReachable()
}

/** Once there is something to scroll, the keyboard must get there. */
function makeLogReachable() {
  const log = element('log')
  if (log.scrollHeight > log.clientHeight) log.tabIndex = 0
}

/** Touches the page only where something is new, so that screen readers hear a state once. */
function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words
}
