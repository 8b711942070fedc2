// The page's connection. EventSource reconnects by itself and tells the server the last id it saw;
// this module keeps the books beside it: what came, what came twice, what is missing, how long it was away.

/** How long to wait where the browser gave up, as it does when a proxy answers 502. */
const reopenMs = 3_000

/**
 * `changed()` is called after everything that happens, `sampled(sample)` with each new event, in order,
 * `visited(visit)` when a connection is open and `settled(visit)` when it has caught up.
 */
export function connect(url, { changed, sampled, visited, settled }) {
  const connection = {
    /** 'connecting' (never open so far), 'live' or 'away'. */
    state: 'connecting',
    since: Date.now(),
    lastId: '',
    received: 0,
    missed: 0,
    doubled: 0,
    /** The page's clock minus the server's. */
    clockOffsetMs: 0,
    /** What the server said of itself. */
    machine: null,
    lastSampleAt: Date.now(),
  }
  let visit = null
  let last = null

  function enter(state) {
    connection.state = state
    connection.since = Date.now()
    changed()
  }

  function open() {
    // A new EventSource knows nothing of the one before: then, and only then, the id goes into the query.
    const resume = connection.lastId === '' ? '' : `&lastEventId=${encodeURIComponent(connection.lastId)}`
    const source = new EventSource(url + resume)
    source.addEventListener('open', arrive)
    source.addEventListener('error', () => {
      if (connection.state === 'live') enter('away')
      if (source.readyState === EventSource.CLOSED) setTimeout(open, reopenMs)
    })
    source.addEventListener('welcome', welcome)
    source.addEventListener('$gap', gap)
    source.addEventListener('$ready', ready)
    source.addEventListener('sample', sample)
  }

  function arrive() {
    visit = {
      at: Date.now(),
      awayMs: connection.state === 'away' ? Date.now() - connection.since : null,
      /** The server's clock when the stream opened; what was measured before came late. */
      openedAt: Number.POSITIVE_INFINITY,
      caughtUp: 0,
      missed: 0,
      resumed: false,
      gap: null,
      isSettled: false,
    }
    connection.lastSampleAt = Date.now()
    visited(visit)
    enter('live')
  }

  function welcome(event) {
    connection.machine = JSON.parse(event.data)
    connection.clockOffsetMs = Date.now() - connection.machine.now
    visit.openedAt = connection.machine.now
    changed()
  }

  /** The server says that something is missing, and why: it is never left out silently. */
  function gap(event) {
    visit.gap = JSON.parse(event.data)
    // Another history (a server that started anew) counts from 1 again.
    if (visit.gap.reason === 'unknown') last = null
    changed()
  }

  /** The subscription stands: from here on it is this id, then one event after the other. */
  function ready(event) {
    connection.lastId = event.lastEventId
    visit.resumed = JSON.parse(event.data).resumed
    changed()
  }

  function sample(event) {
    const data = JSON.parse(event.data)
    connection.lastId = event.lastEventId
    connection.lastSampleAt = Date.now()
    connection.received += 1

    if (last !== null && data.seq <= last.seq && data.at <= last.at) {
      connection.doubled += 1
      changed()
      return
    }
    const missing = last !== null && data.seq > last.seq ? data.seq - last.seq - 1 : 0
    connection.missed += missing
    visit.missed += missing
    const follows = last !== null && data.seq === last.seq + 1
    last = data

    const isLate = data.at <= visit.openedAt
    if (isLate) visit.caughtUp += 1
    sampled({ ...data, follows })
    if (!isLate && !visit.isSettled) {
      visit.isSettled = true
      settled(visit)
    }
    changed()
  }

  open()
  return connection
}
