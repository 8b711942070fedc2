import { cpus, platform, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createChannel, sse } from '@rivulet/express'
import express from 'express'
import { measureFigures, type Sample } from './figures.js'
import { type Mark, readMark } from './marks.js'

/** How often the machine is measured and an event goes out. */
const everyMs = 1_000
/** Ten minutes of history: what a page gets when it is opened, and how long it may be away without missing anything. */
const maxSamples = 600
/** How many notes are kept; they come so rarely that they may stay for longer than the figures. */
const maxMarks = 50

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export function createDashboard() {
  const app = express()
  const events = sse()
  const machine = measureFigures()
  // A channel is a sequence of events with a memory of its own. These live in this process; to share them between
  // processes and restarts, give both a log: createChannel('figures', { log: createRedisLog(…) }).
  const figures = createChannel<{ sample: Sample }>('figures', { retention: { maxEvents: maxSamples } })
  const marks = createChannel<{ mark: Mark }>('marks', { retention: { maxEvents: maxMarks } })
  let markCount = 0

  app.disable('x-powered-by')
  app.use(events)
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

  // Anyone who reaches this server may watch. In your own app, put your login check in front:
  // app.get('/events', requireUser, (req, res) => { … })
  app.get('/events', (req, res) => {
    // Each page makes up a name for itself, so that POST /drop finds its stream and nobody else's.
    const stream = res.sse({ context: req.query.page })
    stream.send({ event: 'welcome', data: welcome() })
    // Two channels on one connection, up to four are possible. A page that comes back brings one id, which says for both
    // where it was, and gets all that followed. One that is new has none and begins with the oldest event; leave `from`
    // out, and it begins with the next.
    stream.subscribe(figures, { from: 'start' })
    stream.subscribe(marks, { from: 'start' })
  })

  // A note on the charts, for everybody who looks at them.
  app.post('/marks', express.json({ limit: '1kb' }), async (req, res) => {
    const text = readMark(req.body)
    if (text === null) {
      res.status(400).json({ error: 'Send { "text": "…" }, 1 to 60 characters.' })
      return
    }
    markCount += 1
    const { id } = await marks.publish({ event: 'mark', data: { seq: markCount, at: Date.now(), text } })
    res.status(201).json({ id })
  })

  // What a bad network, a proxy or a deploy does to a connection, at the press of a button.
  app.post('/drop', (req, res) => {
    const { page } = req.query
    if (typeof page !== 'string' || page === '') {
      res.status(400).json({ error: 'Say which page: POST /drop?page=<name>' })
      return
    }
    events.closeWhere((stream) => stream.context === page)
    res.sendStatus(204)
  })

  const timer = setInterval(() => {
    figures
      .publish({ event: 'sample', data: machine.sample(events.streams.size) })
      .catch((error: unknown) => console.error('An event could not be published:', error))
  }, everyMs)

  return {
    app,
    /** Stops measuring and hangs up all streams, spread over the grace time; the pages will come back by themselves. */
    async close({ graceMs }: { graceMs: number }): Promise<void> {
      clearInterval(timer)
      machine.stop()
      await events.close({ graceMs })
    },
  }
}

/** The first event of each stream: the server's clock at that moment, and what kind of machine this is. */
function welcome() {
  return {
    now: Date.now(),
    node: process.version,
    platform: platform(),
    cores: cpus().length,
    memoryTotalBytes: totalmem(),
  }
}
