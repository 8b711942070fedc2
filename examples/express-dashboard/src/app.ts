import { cpus, platform, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { sse } from '@rivulet/express'
import express from 'express'
import { measureFigures, type Sample } from './figures.js'

/** How often the machine is measured and an event goes out. */
const everyMs = 1_000

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export function createDashboard() {
  const app = express()
  const events = sse()
  const figures = measureFigures()

  app.disable('x-powered-by')
  app.use(events)
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

  // Anyone who reaches this server may watch. In your own app, put your login check in front:
  // app.get('/events', requireUser, (req, res) => { … })
  app.get('/events', (req, res) => {
    // Each page makes up a name for itself, so that POST /drop finds its stream and nobody else's.
    const stream = res.sse({ context: req.query.page })
    stream.send({ event: 'welcome', data: welcome() })
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

  function publish(sample: Sample): void {
    for (const stream of events.streams) {
      stream.send({ event: 'sample', id: String(sample.seq), data: sample })
    }
  }

  const timer = setInterval(() => publish(figures.sample(events.streams.size)), everyMs)

  return {
    app,
    /** Stops measuring and hangs up all streams, spread over the grace time; the pages will come back by themselves. */
    async close({ graceMs }: { graceMs: number }): Promise<void> {
      clearInterval(timer)
      figures.stop()
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
