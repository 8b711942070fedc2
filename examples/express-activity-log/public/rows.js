// The list of lines. However many come at once, they are added in one go per frame, and only the newest are kept.

import { timeOfDay, whole } from './format.js'

/** Entries kept for filtering, and rows shown of them. */
const maxEntries = 5_000
const maxRows = 500

/** `chosen(entry)` is called with the entry of the row that is chosen, or null. */
export function createRows({ list, empty, follow, chosen }) {
  let entries = []
  let arrived = []
  let isFrameDue = false
  let isFollowing = true
  let lastTop = 0
  let unseen = 0
  let active = null
  let matches = () => true
  let nextId = 1

  function flush() {
    isFrameDue = false
    const fresh = arrived.filter(matches)
    entries = entries.concat(arrived).slice(-maxEntries)
    arrived = []
    // Whoever reads further up stays there: nothing is taken away above, until it is too much.
    append(fresh, isFollowing ? maxRows : maxRows * 4)
    if (!isFollowing) unseen += fresh.length
    settle()
  }

  function append(fresh, most) {
    const rows = document.createDocumentFragment()
    for (const entry of fresh.slice(-most)) rows.append(rowOf(entry))
    const surplus = list.children.length + rows.children.length - most
    for (let count = 0; count < surplus; count += 1) {
      if (list.firstChild === active) choose(null)
      list.firstChild.remove()
    }
    list.append(rows)
  }

  function settle() {
    if (isFollowing) {
      unseen = 0
      list.scrollTop = list.scrollHeight
      lastTop = list.scrollTop
    }
    empty.hidden = list.children.length > 0
    follow.hidden = isFollowing
    follow.textContent = unseen === 0 ? 'Newest' : `${whole(unseen)} new`
  }

  function rowOf(entry) {
    entry.row ??= makeRow(entry, `row-${nextId++}`)
    return entry.row
  }

  function choose(row) {
    active?.removeAttribute('aria-selected')
    active = row
    if (row === null) list.removeAttribute('aria-activedescendant')
    else {
      row.setAttribute('aria-selected', 'true')
      list.setAttribute('aria-activedescendant', row.id)
      row.scrollIntoView({ block: 'nearest' })
    }
    chosen(row === null ? null : entries.find((entry) => entry.row === row))
  }

  function followNewest() {
    isFollowing = true
    settle()
  }

  list.addEventListener('scroll', () => {
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8
    const wentUp = list.scrollTop < lastTop
    lastTop = list.scrollTop
    if (isAtEnd === isFollowing || (!isAtEnd && !wentUp)) return
    isFollowing = isAtEnd
    settle()
  })
  // Less room, as when a phone is turned: the newest is still the newest.
  new ResizeObserver(settle).observe(list)
  list.addEventListener('click', ({ target }) => {
    const row = target.closest('.row')
    if (row) choose(row)
  })
  list.addEventListener('keydown', (event) => {
    const steps = {
      ArrowUp: () => active?.previousSibling ?? (active ? null : list.lastChild),
      ArrowDown: () => active?.nextSibling ?? (active ? null : list.firstChild),
      Home: () => list.firstChild,
      End: () => list.lastChild,
    }
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const row = step()
    if (row) choose(row)
    if (event.key === 'End') followNewest()
  })
  follow.addEventListener('click', () => {
    followNewest()
    // The button goes away; the focus must not go with it.
    list.focus()
  })

  return {
    add(entry) {
      arrived.push(entry)
      if (arrived.length > maxEntries) arrived.shift()
      if (isFrameDue) return
      isFrameDue = true
      // A page in the background gets no frames; its lines wait, and no more of them than are kept.
      requestAnimationFrame(flush)
    },
    clear() {
      entries = []
      arrived = []
      list.replaceChildren()
      choose(null)
      followNewest()
    },
    /** Shows only entries that match. */
    filter(predicate) {
      matches = predicate
      list.replaceChildren()
      append(entries.filter(matches), maxRows)
      if (active && !active.isConnected) choose(null)
      followNewest()
    },
    shownCount: () => list.children.length,
  }
}

function makeRow({ level, at, message, lines, notice }, id) {
  const row = document.createElement('div')
  row.className = 'row'
  row.id = id
  row.role = 'option'
  row.dataset.level = notice ? 'notice' : level
  const time = document.createElement('time')
  time.textContent = timeOfDay(at)
  time.dateTime = new Date(at).toISOString()
  const badge = document.createElement('span')
  badge.className = 'level'
  badge.textContent = notice ? 'note' : level
  const text = document.createElement('span')
  text.className = 'message'
  text.textContent = message
  row.append(time, badge, text)
  if (lines > 1) {
    const times = document.createElement('span')
    times.className = 'times'
    times.textContent = `× ${whole(lines)}`
    times.title = `${whole(lines)} lines of this kind; this is the newest`
    row.append(times)
  }
  return row
}
