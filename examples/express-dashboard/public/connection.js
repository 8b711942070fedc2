// The page's connection. EventSource reconnects by itself and tells the server the last id it saw;
// this module keeps the books beside it: what came, what came twice, what is missing, how long it was away.

/** How long to wait where the browser gave up, as it does when a proxy answers 502. */
const reopenMs = 3_000

/**
 * `changed()` is called after everything that happens, `sampled(sample)` and `marked(mark)` with each new event, in the
 * order of its channel, `visited(visit)` when a connection is open and `settled(visit)` when it has caught up.
 */
export function connect(url, { changed, sampled, marked, visited, settled }) {
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
    lastEventAt: Date.now(),
  }
  let visit = null
  /** The newest event of each channel. */
  const last = { figures: null, marks: null }

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
    source.addEventListener('sample', (event) => receive(event, 'figures', sampled))
    source.addEventListener('mark', (event) => receive(event, 'marks', marked))
  }

  function arrive() {
    visit = {
      at: Date.now(),
      awayMs: connection.state === 'away' ? Date.now() - connection.since : null,
      /** The server's clock when the stream opened; what was measured before came late. */
      openedAt: Number.POSITIVE_INFINITY,
      caughtUp: 0,
      missed: 0,
      gap: null,
      isSettled: false,
    }
    connection.lastEventAt = Date.now()
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
    if (visit.gap.reason === 'unknown') last[visit.gap.channel] = null
    changed()
  }

  /** A channel's subscription stands: from here on it is this id, then one event after the other. */
  function ready(event) {
    connection.lastId = event.lastEventId
    changed()
  }

  function receive(event, channel, deliver) {
    const data = JSON.parse(event.data)
    const before = last[channel]
    connection.lastId = event.lastEventId
    connection.lastEventAt = Date.now()
    connection.received += 1

    if (before !== null && data.seq <= before.seq && data.at <= before.at) {
      connection.doubled += 1
      changed()
      return
    }
    const missing = before === null ? 0 : Math.max(0, data.seq - before.seq - 1)
    connection.missed += missing
    visit.missed += missing
    last[channel] = data

    // Published before this connection was opened: history, or what was caught up.
    const isLate = data.at <= visit.openedAt
    if (isLate) visit.caughtUp += 1
    const follows = before !== null && data.seq === before.seq + 1
    deliver({ ...data, follows, wasCaughtUp: isLate && visit.awayMs !== null })
    if (!isLate && !visit.isSettled) {
      visit.isSettled = true
      settled(visit)
    }
    changed()
  }

  open()
  return connection
}
