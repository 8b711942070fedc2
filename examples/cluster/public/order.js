// Ordering through whatever happens to the nodes.

const retryMs = 500
const patienceMs = 60_000

/**
 * Resolves with the order. Where no answer came nobody knows whether it was taken, so the same is asked again, with the same key: it
 * is the same order, however often that happens.
 */
export async function placeOrder({ product, quantity }) {
  const body = JSON.stringify({ key: randomKey(), product, quantity })
  const deadline = Date.now() + patienceMs
  for (let tries = 1; ; tries += 1) {
    const response = await fetch('api/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).catch(() => null)
    if (response?.ok) return { ...(await response.json()), tries }
    // 502 to 504 are HAProxy's and ours for "somebody died".
    if (response !== null && response.status < 500) throw new Error((await response.json()).error)
    if (Date.now() > deadline) throw new Error('No node answers.')
    await new Promise((resolve) => setTimeout(resolve, retryMs))
  }
}

export async function countOrders() {
  const response = await fetch('api/orders/count')
  if (!response.ok) throw new Error('The database does not answer.')
  return (await response.json()).count
}

/** `crypto.randomUUID()` is there over HTTPS and on localhost only. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
