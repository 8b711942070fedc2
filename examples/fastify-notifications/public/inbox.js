// The inbox as the stream tells it: first all of it, then each change. A change that comes twice does no harm.

/** How many notifications are kept, as on the server (src/inbox.ts). */
const maxNotifications = 50
/** How long to wait where the browser gave up, as it does when a proxy answers 502. */
const reopenMs = 3_000

/**
 * Follows the stream until `close()`.
 *
 * `changed()` is called after every change, `arrived(notification)` with what is new, `entered(state)` with `connecting`, `live`
 * or `away`, and `refused()` when the browser gave up: ask whether there still is a session, and `reopen()` if so.
 */
export function followInbox({ changed, arrived, entered, refused }) {
  const notifications = new Map()
  let source = null
  let timer

  function open() {
    source = new EventSource('/api/events')
    source.addEventListener('error', () => {
      entered('away')
      if (source.readyState === EventSource.CLOSED) refused()
    })
    // The connection stands, and all that was missed follows.
    source.addEventListener('$ready', () => entered('live'))
    source.addEventListener('inbox', ({ data }) => {
      notifications.clear()
      for (const notification of JSON.parse(data).notifications)
        notifications.set(notification.id, notification)
      changed()
    })
    source.addEventListener('notification.created', ({ data }) => {
      const notification = JSON.parse(data)
      if (notifications.has(notification.id)) return
      notifications.set(notification.id, notification)
      for (const { id } of sorted().slice(maxNotifications)) notifications.delete(id)
      arrived(notification)
      changed()
    })
    source.addEventListener('notification.read', ({ data }) => {
      for (const id of JSON.parse(data).ids) {
        const notification = notifications.get(id)
        if (notification) notification.isRead = true
      }
      changed()
    })
  }

  /** Newest first. */
  const sorted = () => [...notifications.values()].sort((one, other) => other.at - one.at)

  open()
  return {
    sorted,
    unread: () => sorted().filter(({ isRead }) => !isRead),
    reopen() {
      timer = setTimeout(open, reopenMs)
    },
    close() {
      clearTimeout(timer)
      source.close()
    },
  }
}
