// The page's connection: entries of the log and counts per second, two channels over one EventSource, which reconnects by
// itself and brings the id of the last event it saw.

/** How long to wait where the browser gave up, as it does when a proxy answers 502. */
const reopenMs = 3_000

/**
 * Lines from `level` on. `entered(entry, lines)` is called with each entry, and with how many lines it stands for; `counted(rates)` once a second;
 * `missed(gap)` where the server no longer has what comes next; `changed(state)` with 'connecting', 'live' or 'away'.
 */
export function connect(level, { entered, counted, missed, changed }) {
  /** Lines of each kind so far. What was coalesced on the way to a slow page shows as a jump here. */
  const linesOfKind = new Map()
  /** Whether everything since the server's start has come, or will. */
  let isWhole = false
  let lastId = ''
  let source
  let timer

  function open() {
    // A new EventSource knows nothing of the one before: then, and only then, the id goes into the query.
    const resume = lastId === '' ? '' : `&lastEventId=${encodeURIComponent(lastId)}`
    source = new EventSource(`events?level=${level}${resume}`)
    source.addEventListener('open', () => changed('live'))
    source.addEventListener('error', () => {
      changed('away')
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, reopenMs)
    })
    source.addEventListener('$gap', ({ data }) => {
      const gap = JSON.parse(data)
      if (gap.channel !== 'log') return
      linesOfKind.clear()
      missed(gap)
    })
    source.addEventListener('$ready', ({ data }) => {
      const { channel, resumed, first } = JSON.parse(data)
      if (channel === 'log' && !resumed) isWhole = first <= 1
    })
    source.addEventListener('entry', ({ data, lastEventId }) => {
      lastId = lastEventId
      const entry = JSON.parse(data)
      const before = linesOfKind.get(entry.kind) ?? (isWhole ? 0 : entry.linesOfKind - entry.lines)
      linesOfKind.set(entry.kind, entry.linesOfKind)
      entered(entry, entry.linesOfKind - before)
    })
    source.addEventListener('rates', ({ data, lastEventId }) => {
      lastId = lastEventId
      counted(JSON.parse(data))
    })
  }

  changed('connecting')
  open()
  return {
    close() {
      clearTimeout(timer)
      source.close()
    },
  }
}
