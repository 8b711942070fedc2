import { beginJob, cancelJob, loadFolders, removeJob } from './api.js'
import { createJobCard } from './job-card.js'
import { followJobs } from './streams.js'

const element = (id) => document.getElementById(id)
const states = { connecting: 'Connecting', live: 'Live', away: 'Reconnecting' }
const outcomes = { done: 'is done', cancelled: 'was cancelled', failed: 'has failed' }
const cards = new Map()
let isRenderDue = false

const jobs = followJobs({
  changed: renderSoon,
  ended: ({ folder, state }) => say('announcement', `${folder} ${outcomes[state]}.`),
  entered(state) {
    element('state').closest('.state').dataset.state = state
    say('state', states[state])
  },
})

const { folders, output } = await loadFolders()
element('folder').replaceChildren(...folders.map((name) => new Option(name, name)))
say('output', `What is packed goes to ${output} on the server.`)

element('begin-form').addEventListener('submit', (event) => {
  event.preventDefault()
  tell(beginJob(element('folder').value, element('method').value))
})

/** Cancels a job that is not over, removes one that is. */
function end(job) {
  if (job.finishedAt === null) tell(cancelJob(job.id))
  else tell(removeJob(job.id))
}

/** However many events come, the page is drawn once per frame. */
function renderSoon() {
  if (isRenderDue) return
  isRenderDue = true
  requestAnimationFrame(() => {
    isRenderDue = false
    render()
  })
}

function render() {
  const list = jobs.sorted()
  const known = new Set(list.map(({ id }) => id))
  for (const [id, card] of cards) {
    if (known.has(id)) continue
    const hadFocus = card.element.contains(document.activeElement)
    card.close()
    card.element.remove()
    cards.delete(id)
    if (hadFocus) element('jobs-title').focus()
  }
  list.forEach((job, index) => {
    const card = cards.get(job.id) ?? createJobCard(job.id, { end })
    cards.set(job.id, card)
    card.show(job)
    const there = element('jobs').children[index]
    if (there !== card.element) element('jobs').insertBefore(card.element, there ?? null)
  })
  element('empty').hidden = list.length > 0
  say('summary', summary(list))
}

function summary(list) {
  const of = (state) => list.filter((job) => job.state === state).length
  const parts = [
    [of('running'), 'running'],
    [of('queued'), 'waiting'],
  ]
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ')
}

async function tell(action) {
  say('result', await action.then(() => '').catch((error) => `That did not work: ${error.message}`))
}

/** Touches the page only where something is new, so that screen readers hear it once. */
function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words
}
