// The page's connection. Which node it leads to is HAProxy's to say; where to go on, the last event's id.

/** How long to wait where the browser gave up, as it does when a balancer answers an error. */
const reopenMs = 1_000

/**
 * Follows orders and pulses for as long as the page is open. `on` has a function for each thing that happens: `servedBy(node)`, `away()`,
 * `shop(state)`, `order(order, isLate)`, `pulse(pulse, isLate)` and `gap(gap)`.
 */
export function follow(on) {
  let lastId = ''
  let isFirst = true
  /** When this page came back, by its clock: pulses and orders of before were caught up. */
  let cameBackAt = 0

  function open() {
    // A new EventSource knows nothing of the one before: then, and only then, the id goes into the query.
    const resume = lastId === '' ? '' : `?lastEventId=${encodeURIComponent(lastId)}`
    const source = new EventSource(`api/events${resume}`)
    const listen = (type, heard) =>
      source.addEventListener(type, (event) => {
        if (event.lastEventId !== '') lastId = event.lastEventId
        heard(JSON.parse(event.data))
      })
    source.addEventListener('error', () => {
      on.away()
      if (source.readyState === EventSource.CLOSED) setTimeout(open, reopenMs)
    })
    listen('served-by', (node) => {
      if (!isFirst) cameBackAt = Date.now()
      on.servedBy(node, isFirst)
      isFirst = false
    })
    listen('$ready', () => {})
    listen('$gap', on.gap)
    listen('shop', on.shop)
    // Server and browser are on one machine here; else their clocks would have to be compared.
    listen('order', (order) => on.order(order, order.at < cameBackAt))
    listen('pulse', (pulse) => on.pulse(pulse, pulse.at < cameBackAt))
  }

  open()
}
