/** What the hand-written contestants answer. */
export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}

/** Thousands of clients may come in one turn. */
export const backlog = 4096

/** Listens on the loopback, on any port. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog }, () => resolve(server.address().port))
  })
}
