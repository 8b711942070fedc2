// What the page asks of the server.

/** `{ folders, output }`: the names of what can be packed, and where that goes. */
export async function loadFolders() {
  return (await send('GET', 'api/folders')).json()
}

export const beginJob = (folder, method) => send('POST', 'api/jobs', { folder, method })
export const cancelJob = (id) => send('POST', `api/jobs/${id}/cancel`)
export const removeJob = (id) => send('DELETE', `api/jobs/${id}`)

async function send(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (response.ok) return response
  const { message } = await response.json().catch(() => ({}))
  throw new Error(message ?? `The server answered ${response.status}.`)
}
