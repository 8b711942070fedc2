// What the page asks of the server.

/** `{ person, people, teams }`; person is `null` for who has to log in. */
export async function loadSession() {
  return (await fetch('/api/session')).json()
}

export const logIn = (person) => post('/api/login', { person })
export const logOut = () => post('/api/logout')
export const send = (to, text) => post('/api/notifications', { to, text })
export const markRead = (ids) => post('/api/notifications/read', { ids })

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (response.ok) return
  const { error, message } = await response.json().catch(() => ({}))
  throw new Error(message ?? error ?? `The server answered ${response.status}.`)
}
