// The list of notifications: each has an element that stays, so that focus and position do, too.

const times = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

/** `nameOf(to)` gives the words for whom a notification is; `read(id)` is called when it was read. */
export function createList(list, { nameOf, read }) {
  const rows = new Map()

  function rowOf(notification) {
    const known = rows.get(notification.id)
    if (known) return known
    const row = document.createElement('li')
    row.append(
      part('span', 'avatar', initials(notification.from)),
      part('p', 'who', notification.from, part('span', 'to', ` to ${nameOf(notification.to)}`)),
      part('p', 'text', notification.text),
      part('time', 'time', ''),
    )
    row.querySelector('.avatar').ariaHidden = 'true'
    row.querySelector('.time').dateTime = new Date(notification.at).toISOString()
    rows.set(notification.id, row)
    return row
  }

  /** An unread one has a button. When it goes, the focus goes on to the next. */
  function setRead(row, { id, isRead, from }) {
    row.classList.toggle('unread', !isRead)
    const button = row.querySelector('button')
    if (isRead && button) {
      const hadFocus = document.activeElement === button
      button.remove()
      if (hadFocus) (list.querySelector('button') ?? document.getElementById('inbox-title')).focus()
    } else if (!isRead && !button) {
      const added = part('button', 'secondary', 'Mark as read', part('span', 'unseen', `, from ${from}`))
      added.type = 'button'
      added.addEventListener('click', () => read(id))
      row.append(added)
    }
  }

  function showTimes() {
    for (const row of rows.values()) {
      const time = row.querySelector('.time')
      const words = timeAgo(Date.parse(time.dateTime))
      if (time.textContent !== words) time.textContent = words
    }
  }
  setInterval(showTimes, 20_000)

  return function show(notifications) {
    const ids = new Set(notifications.map(({ id }) => id))
    for (const [id, row] of rows) {
      if (ids.has(id)) continue
      row.remove()
      rows.delete(id)
    }
    notifications.forEach((notification, index) => {
      const row = rowOf(notification)
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null)
      setRead(row, notification)
    })
    showTimes()
  }
}

function part(tag, className, text, ...children) {
  const element = document.createElement(tag)
  element.className = className
  element.append(text, ...children)
  return element
}

export function initials(name) {
  return name
    .split(' ')
    .map((word) => word[0])
    .join('')
    .slice(0, 2)
}

function timeAgo(at) {
  const minutes = Math.round((at - Date.now()) / 60_000)
  if (minutes >= 0) return 'now'
  if (minutes > -60) return times.format(minutes, 'minute')
  if (minutes > -24 * 60) return times.format(Math.round(minutes / 60), 'hour')
  return times.format(Math.round(minutes / 60 / 24), 'day')
}
