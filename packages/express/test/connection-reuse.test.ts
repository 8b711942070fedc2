import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { sse } from '@rivulet/express'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import { majors } from './support/application.ts'

const failure = new Error('only the log may know')

/** Asks for paths one after the other, by a client that keeps its connection. @returns what came, and by how many connections. */
async function askInTurn(
  app: Express,
  paths: readonly string[],
): Promise<{ bodies: string[]; connections: number }> {
  const server = app.listen(0, '127.0.0.1')
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    // All asked for at once: each goes out in the very turn in which the one before it has ended.
    const bodies = await Promise.all(
      paths.map(
        (path) =>
          new Promise<string>((resolve, reject) => {
            get({ port, host: '127.0.0.1', path, agent }, (response) => {
              text(response).then(resolve, reject)
            }).on('error', reject)
          }),
      ),
    )
    return { bodies, connections }
  } finally {
    agent.destroy()
    server.close()
  }
}

describe.each(majors)(
  "%s: a stream's error leaves the connection to the next request",
  (_name, major, express) => {
    const ways: Record<string, RequestHandler> = {
      thrown(_request, response) {
        response.sse().send({ data: 1 })
        throw failure
      },
      'given to next'(_request, response, next) {
        response.sse().send({ data: 1 })
        setImmediate(() => next(failure))
      },
      'of a listener'(_request, response) {
        const stream = response.sse()
        stream.onClose(() => {
          throw failure
        })
        stream.end()
      },
      'of the form with a handler'(_request, response) {
        response.sse(() => Promise.reject(failure))
      },
    }
    if (major === 5) {
      ways['rejected with'] = async (_request, response) => {
        response.sse().send({ data: 1 })
        throw failure
      }
    }
    const passOn: ErrorRequestHandler = (error, _request, _response, next) => next(error)
    const passOnLater: ErrorRequestHandler = (error, _request, _response, next) => {
      setTimeout(next, 10, error)
    }
    /** Slow enough for whatever is still to be done to the connection. */
    const other: RequestHandler = (_request, response) => {
      setTimeout(() => response.send('fine'), 50)
    }

    test.each(
      Object.entries(ways).flatMap(([way, route]) => [
        [way, 'no error handler', route, []] as const,
        [way, 'an error handler that passes it on', route, [passOn]] as const,
        [way, 'one that does so later', route, [passOnLater]] as const,
      ]),
    )('%s, with %s', async (_way, _handlers, route, handlers) => {
      const app = express().set('env', 'test')
      app.use(sse())
      app.get('/stream', route)
      app.get('/other', other)
      for (const handler of handlers) app.use(handler)
      const { bodies, connections } = await askInTurn(app, ['/stream', '/other'])
      expect(bodies).toEqual([expect.stringMatching(/^retry: /), 'fine'])
      expect(connections).toBe(1)
    })

    test('in an application within another one', async () => {
      const inner = express()
      inner.use(sse())
      for (const [way, route] of Object.entries(ways)) inner.get(`/${encodeURIComponent(way)}`, route)
      const seen: unknown[] = []
      const app = express().set('env', 'test')
      app.use('/inner', inner)
      app.get('/other', other)
      app.use(((error, _request, _response, next) => {
        seen.push(error)
        next(error)
      }) satisfies ErrorRequestHandler)
      const paths = Object.keys(ways).map((way) => `/inner/${encodeURIComponent(way)}`)
      const { bodies, connections } = await askInTurn(app, [...paths.flatMap((path) => [path, '/other'])])
      expect(bodies.filter((body) => body === 'fine')).toHaveLength(paths.length)
      expect(connections).toBe(1)
      expect(seen).toEqual(paths.map(() => failure))
    })

    test('an error handler that was added later still hears of it', async () => {
      const seen: unknown[] = []
      const app = express().set('env', 'test')
      app.use(sse())
      app.get('/stream', ways.thrown as RequestHandler)
      app.get('/other', other)
      await askInTurn(app, ['/other'])
      app.use(((error, _request, _response, next) => {
        seen.push(error)
        next(error)
      }) satisfies ErrorRequestHandler)
      await askInTurn(app, ['/stream'])
      expect(seen).toEqual([failure])
    })
  },
)
