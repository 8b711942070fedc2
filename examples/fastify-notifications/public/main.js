import { loadSession, logIn, logOut, markRead, send } from './api.js'
import { followInbox } from './inbox.js'
import { createList, initials } from './list.js'

const element = (id) => document.getElementById(id)
const states = { connecting: 'Connecting', live: 'Live', away: 'Reconnecting' }

let session
let inbox = null
const show = createList(element('notifications'), { nameOf, read: (id) => tell(markRead([id])) })

await start()

async function start() {
  session = await loadSession()
  inbox?.close()
  inbox = null
  render()
  if (session.person === null) {
    showPeople()
    return
  }
  showPerson()
  enter('connecting')
  inbox = followInbox({
    changed: render,
    entered: enter,
    arrived: ({ from, text }) => say('announcement', `${from}: ${text}`),
    // Logged out in another tab, or the session has ended; or only the network has.
    async refused() {
      const now = await loadSession().catch(() => session)
      if (now.person?.id === session.person?.id) inbox?.reopen()
      else await start()
    },
  })
}

function render() {
  const unread = inbox?.unread().length ?? 0
  const notifications = inbox?.sorted() ?? []
  document.body.dataset.page = session.person === null ? 'login' : 'app'
  document.title = unread === 0 ? 'Notifications' : `(${unread}) Notifications`
  say('unread', String(unread))
  element('unread').parentElement.classList.toggle('some', unread > 0)
  element('read-all').ariaDisabled = String(unread === 0)
  element('empty').hidden = notifications.length > 0
  show(notifications)
}

function enter(state) {
  element('state').closest('.state').dataset.state = state
  say('state', states[state])
}

function showPeople() {
  element('people').replaceChildren(
    ...session.people.map(({ id, name, teams }) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'person'
      const avatar = document.createElement('span')
      avatar.className = 'avatar'
      avatar.ariaHidden = 'true'
      avatar.textContent = initials(name)
      const words = document.createElement('span')
      const team = document.createElement('span')
      team.className = 'note'
      team.textContent = teams.map((team) => nameOf(`team:${team}`)).join(', ')
      words.append(name, team)
      button.append(avatar, words)
      button.addEventListener('click', async () => {
        await logIn(id)
        await start()
        element('inbox-title').focus()
      })
      const item = document.createElement('li')
      item.append(button)
      return item
    }),
  )
}

function showPerson() {
  const { person, people, teams } = session
  say('who', person.name)
  const topics = [`user:${person.id}`, ...person.teams.map((team) => `team:${team}`)]
  element('topics').replaceChildren(
    ...topics.map((topic) => Object.assign(document.createElement('li'), { textContent: nameOf(topic) })),
  )
  const group = (label, entries) => {
    const options = Object.assign(document.createElement('optgroup'), { label })
    options.append(...entries.map((to) => new Option(nameOf(to), to)))
    return options
  }
  element('to').replaceChildren(
    group(
      'Teams',
      teams.map(({ id }) => `team:${id}`),
    ),
    group(
      'People',
      people.map(({ id }) => `user:${id}`),
    ),
  )
}

/** The words for a topic. */
function nameOf(topic) {
  const [kind, id] = topic.split(':')
  if (kind === 'team') return `team ${session.teams.find((team) => team.id === id)?.name ?? id}`
  if (id === session.person?.id) return 'you'
  return session.people.find((person) => person.id === id)?.name ?? id
}

element('log-out').addEventListener('click', async () => {
  inbox?.close()
  await logOut()
  await start()
  element('people').querySelector('button').focus()
})

element('read-all').addEventListener('click', () => {
  const ids = inbox?.unread().map(({ id }) => id) ?? []
  if (ids.length > 0) tell(markRead(ids))
})

element('send-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const to = element('to').value
  tell(
    send(to, element('text').value).then(() => {
      element('text').value = ''
      return `Sent to ${nameOf(to)}.`
    }),
  )
})

/** Enter sends; Shift and Enter begins a new line. */
element('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  element('send-form').requestSubmit()
})

async function tell(action) {
  say('send-result', (await action.catch((error) => `That did not work: ${error.message}`)) ?? '')
}

/** Touches the page only where something is new, so that screen readers hear it once. */
function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words
}
