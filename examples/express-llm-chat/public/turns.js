import { readable } from './answer-text.js'

const list = document.getElementById('turns')
const template = document.getElementById('turn')
const announcement = document.getElementById('announcement')

const outcomes = {
  stopped: 'Stopped. What was said stays.',
  failed: 'No answer: the model could not be reached or gave up. The server’s log says why.',
}

const items = new Map()
const waiting = new Set()

/** Draws a turn soon: however many tokens come at once, the page is drawn once. */
export function draw(turn) {
  if (waiting.size === 0) requestAnimationFrame(drawWaiting)
  waiting.add(turn)
}

function drawWaiting() {
  // Whoever reads further up stays there; whoever is at the end stays at the end.
  const { scrollHeight, scrollTop, clientHeight } = document.documentElement
  const wasAtEnd = scrollHeight - scrollTop - clientHeight < 48
  const hadItems = items.size > 0
  for (const turn of waiting) drawTurn(turn)
  waiting.clear()
  if (wasAtEnd || !hadItems) scrollTo({ top: document.documentElement.scrollHeight })
}

function drawTurn(turn) {
  const item = items.get(turn.id) ?? addItem(turn)
  const wasRunning = item.dataset.state === 'running'
  item.dataset.state = turn.state
  const answer = item.querySelector('.answer-text')
  answer.setAttribute('aria-busy', String(turn.state === 'running'))
  answer.replaceChildren(...readable(turn.answer))
  const outcome = item.querySelector('.outcome')
  outcome.hidden = outcomes[turn.state] === undefined
  outcome.textContent = outcomes[turn.state] ?? ''
  // Screen readers hear an answer once and whole, instead of each word.
  if (wasRunning && turn.state !== 'running')
    announcement.textContent = `${turn.answer} ${outcome.textContent}`
}

function addItem(turn) {
  const item = template.content.cloneNode(true).firstElementChild
  item.querySelector('.question-text').textContent = turn.question
  list.append(item)
  items.set(turn.id, item)
  return item
}
