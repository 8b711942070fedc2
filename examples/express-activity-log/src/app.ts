import { fileURLToPath } from 'node:url'
import { sse } from '@rivulet/express'
import express from 'express'
import { pino } from 'pino'
import { pinoHttp } from 'pino-http'
import { createLogFeed, isLevel, topicsFrom } from './log-feed.js'
import { createRates } from './rates.js'
import { searchHashes } from './search.js'

/** How much a flood is: lines of one press of the button. */
const floodLines = 100_000
/** How often the server says how it is, so that there is something to see on a quiet day. */
const pulseMs = 10_000

export interface ActivityLogOptions {
  /** Where lines go beside the browser. Default: standard output, without debug lines. */
  readonly output?: pino.DestinationStream
}

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export function createActivityLog({ output = process.stdout }: ActivityLogOptions = {}) {
  const app = express()
  const events = sse()
  const feed = createLogFeed()
  const rates = createRates()

  const log = pino(
    {
      level: 'debug',
      // Browsers get these lines. Name everything that must not leave the server.
      redact: ['*.password', '*.token', '*.authorization', '*.cookie'],
    },
    pino.multistream([
      { stream: output, level: 'info' },
      { stream: feed.destination, level: 'debug' },
      { stream: rates.destination, level: 'debug' },
    ]),
  )

  app.disable('x-powered-by')
  app.use(
    pinoHttp({
      logger: log,
      // pino-http would also log every header, cookies included.
      serializers: {
        req: ({ method, url }) => ({ method, url }),
        res: ({ statusCode }) => ({ statusCode }),
      },
      customLogLevel: (req, res, error) => {
        if (error !== undefined || res.statusCode >= 500) return 'error'
        if (res.statusCode >= 400) return 'warn'
        return req.url?.startsWith('/api/') ? 'info' : 'debug'
      },
      customSuccessMessage: (req, res) => `${req.method} ${pathOf(req.url)} ${res.statusCode}`,
      customErrorMessage: (req, res) => `${req.method} ${pathOf(req.url)} ${res.statusCode}`,
    }),
  )
  app.use(events)
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

  // A log tells a lot about a server and its visitors. In your own app, let administrators in and nobody else:
  // app.get('/events', requireAdministrator, (req, res) => { … })
  app.get('/events', (req, res) => {
    const level = isLevel(req.query.level) ? req.query.level : 'info'
    const stream = res.sse()
    // Lines that the page doesn't want are not sent to it. Of a flood, a page that is slower than the log gets the newest line
    // of each kind, and can tell how many that stands for; all other lines it gets one by one, however slow it is.
    stream.subscribe(feed.channel, {
      topics: topicsFrom(level),
      from: 'start',
      coalesce: ({ data }) => (data.isFlood ? data.kind : undefined),
    })
    // Of the counts, each page gets all: there is one a second.
    stream.subscribe(rates.channel, { from: 'start' })
  })

  // Activity for a page that has just been installed. Yours comes from your own routes.
  app.get('/api/time', (_req, res) => {
    res.json({ now: new Date().toISOString() })
  })
  app.get('/api/fail', () => {
    throw new Error('This route always fails.')
  })
  let isSearching = false
  app.post('/api/search', (_req, res) => {
    if (isSearching) {
      res.status(409).json({ error: 'A search is going on.' })
      return
    }
    isSearching = true
    searchHashes(log, floodLines)
      .catch((error: unknown) => log.error(error, 'search failed'))
      .finally(() => {
        isSearching = false
      })
    res.status(202).json({ lines: floodLines })
  })

  const answerError: express.ErrorRequestHandler = (error, _req, res, next) => {
    // pino-http logs it, with its stack; the visitor is told nothing of the inside.
    res.err = error
    if (res.headersSent) next(error)
    else res.status(500).json({ error: 'Something went wrong.' })
  }
  app.use(answerError)

  const pulse = setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage()
    log.info(
      { rssMiB: mebibytes(rss), heapMiB: mebibytes(heapUsed), openStreams: events.streams.size },
      'still here',
    )
  }, pulseMs)
  log.info({ node: process.version }, 'server started')

  return {
    app,
    log,
    /** Hangs up all streams, spread over the grace time; the pages will come back by themselves. */
    async close({ graceMs }: { graceMs: number }): Promise<void> {
      clearInterval(pulse)
      log.info('server stops')
      await feed.close()
      await events.close({ graceMs })
      rates.close()
      await feed.close()
    },
  }
}

function pathOf(url = ''): string {
  return url.replace(/\?.*/, '')
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2)
}
