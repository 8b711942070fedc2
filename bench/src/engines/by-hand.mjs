/**
 * What a careful user of a driver writes to store many at once: one batch is on its way, and what is appended meanwhile is the next.
 *
 * @param {(items: readonly string[]) => Promise<unknown>} store
 * @param {number} [maxItems] In one batch.
 * @returns {(item: string) => Promise<void>}
 */
export function batched(store, maxItems = 128) {
  const waiting = []
  let isSending = false
  const send = async () => {
    isSending = true
    for (;;) {
      // Those who were answered may have more: without this the first of them would be sent alone.
      await new Promise((resolve) => process.nextTick(resolve))
      if (waiting.length === 0) break
      const batch = waiting.splice(0, maxItems)
      try {
        await store(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isSending = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isSending) send()
    })
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The check and the text of an entry, which a statement needs that stores the same as a log. */
export function entryWith(data) {
  let check = ''
  for (let n = 0; n < 4; n += 1) check += letters[Math.floor(Math.random() * letters.length)]
  const at = Date.now()
  return { check, at, text: JSON.stringify({ v: 1, kind: 'event', data, topics: [], at, check }) }
}
