import { begin, follow } from './conversation.js'
import { draw } from './turns.js'

const element = (id) => document.getElementById(id)
const question = element('question')
const stateBadge = document.querySelector('.state')

let conversation = null
let connection = 'idle'
let isAsking = false

// The address names the conversation: a reload, a second tab and a bookmark come back to it.
const id = new URLSearchParams(location.search).get('conversation')
if (id !== null) open(id)
render()
introduceModel()

element('ask').addEventListener('submit', (event) => {
  event.preventDefault()
  ask(question.value.trim())
})

question.addEventListener('keydown', (event) => {
  // Not while an input method composes: Enter then chooses a word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  if (question.value.trim() !== '') element('ask').requestSubmit()
})

for (const suggestion of element('suggestions').querySelectorAll('button')) {
  suggestion.addEventListener('click', () => {
    ask(suggestion.textContent)
    // The suggestion goes away; the focus must not go with it.
    question.focus()
  })
}

element('stop').addEventListener('click', () => {
  const turn = conversation?.running()
  if (turn) attempt(() => conversation.stop(turn))
  question.focus()
})

function open(conversationId) {
  conversation = follow(conversationId, {
    changed(turn) {
      draw(turn)
      render()
    },
    connected(state) {
      connection = state
      render()
    },
  })
}

async function ask(text) {
  if (text === '' || isAsking || conversation?.running()) return
  isAsking = true
  await attempt(async () => {
    if (conversation === null || connection === 'gone') {
      const newId = await begin()
      history.replaceState(null, '', `?conversation=${newId}`)
      open(newId)
    }
    // The question comes back over the stream, as it does to every other tab.
    await conversation.ask(text)
    question.value = ''
  })
  isAsking = false
}

async function attempt(work) {
  element('problem').hidden = true
  try {
    await work()
  } catch (error) {
    // fetch throws a TypeError where it got no answer at all.
    element('problem').textContent =
      error instanceof TypeError ? 'The server cannot be reached.' : error.message
    element('problem').hidden = false
  }
}

function render() {
  const running = conversation?.running() ?? null
  const isEmpty =
    conversation === null || connection === 'gone' || (connection === 'live' && conversation.isEmpty())
  element('welcome').hidden = !isEmpty
  element('conversation-title').hidden = isEmpty
  element('send').hidden = running !== null
  element('stop').hidden = running === null
  if (connection === 'gone') {
    element('title').textContent = 'This conversation is gone'
    element('about').textContent =
      'The server no longer has it, as after a restart. Ask something to begin another.'
  }
  const words = {
    idle: 'Ready',
    connecting: 'Connecting',
    live: running ? 'Answering' : 'Live',
    away: 'Reconnecting',
    gone: 'Gone',
  }
  stateBadge.dataset.state = connection === 'live' && running ? 'answering' : connection
  // Screen readers hear a state when it changes, and only then.
  if (element('state').textContent !== words[connection]) element('state').textContent = words[connection]
}

async function introduceModel() {
  const response = await fetch('api/model').catch(() => null)
  if (!response?.ok) return
  const { name, isLocal } = await response.json()
  element('model').textContent = `with ${name}`
  if (connection === 'gone') return
  element('about').textContent = isLocal
    ? 'A small model answers: a chain of words over one page of text. It knows words and not what they mean. Set OPENAI_BASE_URL or OPENAI_API_KEY for a large one.'
    : `${name} answers.`
}
