// What the server knows of a conversation, kept up to date over two streams: one for its turns, and one for the answer
// that is being given. EventSource reconnects by itself and brings the id of the last event it saw.

/**
 * `changed(turn)` is called for each turn that is new or has another answer or state; `connected(state)` with 'connecting',
 * 'live', 'away' or 'gone' (the server doesn't know this conversation).
 */
export function follow(id, { changed, connected }) {
  const turns = new Map()
  const url = `api/conversations/${encodeURIComponent(id)}`
  let answering = null

  const source = new EventSource(`${url}/events`)
  connected('connecting')
  // The subscription stands, and what was said before is here.
  source.addEventListener('$ready', () => connected('live'))
  source.addEventListener('error', () => {
    if (source.readyState !== EventSource.CLOSED) return connected('away')
    // Closed for good: what came was no stream, but 404. Nobody answers any more, either.
    const turn = running()
    stopListening()
    if (turn) changed(Object.assign(turn, { state: 'failed' }))
    connected('gone')
  })
  source.addEventListener('turn', ({ data }) => {
    const told = JSON.parse(data)
    const known = turns.get(told.id)
    // A turn is told again after a reconnect that could not resume; the tokens that are here already stay.
    const turn = known && told.state === 'running' ? known : Object.assign(known ?? {}, told)
    turns.set(turn.id, turn)
    if (turn.state === 'running') listen(turn)
    else if (answering?.turn === turn) stopListening()
    changed(turn)
  })

  /** From its first token on, also when this page was opened in the middle. */
  function listen(turn) {
    if (answering?.turn === turn) return
    stopListening()
    const tokens = new EventSource(`${url}/turns/${turn.id}/events`)
    answering = { turn, tokens }
    tokens.addEventListener('token', ({ data }) => {
      turn.answer += JSON.parse(data).text
      changed(turn)
    })
    // The server began anew with this answer: what is here would come twice.
    tokens.addEventListener('$gap', () => {
      turn.answer = ''
    })
    // Nothing more will come. Without this the browser would ask once more, and be told so by a 204.
    tokens.addEventListener('$end', () => tokens.close())
  }

  function stopListening() {
    answering?.tokens.close()
    answering = null
  }

  /** The turn that is being answered, or null. */
  function running() {
    return [...turns.values()].find(({ state }) => state === 'running') ?? null
  }

  return {
    running,
    isEmpty: () => turns.size === 0,
    ask: (question) => post(`${url}/turns`, { question }),
    stop: (turn) => post(`${url}/turns/${turn.id}/stop`),
  }
}

/** @returns the id of a new conversation. */
export async function begin() {
  return (await post('api/conversations')).id
}

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  })
  const answer = response.status === 204 ? {} : await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}
