import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventStream } from '@rivulet/core'
import { sse } from '@rivulet/express'
import { collect } from '@rivulet/testing'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { Milestone, majors } from './support/application.ts'

const failure = new Error('only the log may know')

describe.each(majors)('%s', (_name, major, express) => {
  /** An application that logs its errors and does nothing else about them. */
  function logging(route: RequestHandler) {
    const app = express()
    const events = sse()
    const log: { error: unknown; isClosed: boolean }[] = []
    app.use(events)
    app.get('/', route)
    app.use(((error, _request, response, _next) => {
      log.push({ error, isClosed: response.closed })
    }) satisfies ErrorRequestHandler)
    return { app, events, log }
  }

  describe('closes the stream, and tells the error handlers once when the response is closed, of an error', () => {
    const ways: Record<string, (stream: () => EventStream, fail: (error: unknown) => void) => unknown> = {
      thrown(stream) {
        stream()
        throw failure
      },
      'given to next'(stream, next) {
        stream()
        next(failure)
      },
      'given to next later'(stream, next) {
        stream()
        setImmediate(next, failure)
      },
    }
    if (major === 5) {
      ways['rejected with at once'] = async (stream) => {
        stream()
        throw failure
      }
      ways['rejected with later'] = async (stream) => {
        await null
        await stream().drained()
        throw failure
      }
    }

    test.each(Object.entries(ways))('%s', async (_way, handle) => {
      const streams: EventStream[] = []
      const { app, events, log } = logging((_request, response, next) => {
        const open = () => {
          const stream = response.sse()
          stream.send({ data: 'before' })
          streams.push(stream)
          return stream
        }
        return handle(open, next) as ReturnType<RequestHandler>
      })
      const client = await collect(app, '/')
      expect(client.raw.toString()).toMatch(/^retry: \d+\n\ndata: before\n\n$/)
      expect(client.ended).toBe(true)
      expect(streams.map(({ closed }) => closed)).toEqual(['error'])
      expect(events.streams.size).toBe(0)
      expect(log).toEqual([{ error: failure, isClosed: true }])
    })

    test.each<[string, (stream: EventStream, next: (error: unknown) => void) => unknown]>([
      [
        'thrown in the form with a handler',
        () => {
          throw failure
        },
      ],
      ['rejected with in the form with a handler', () => Promise.reject(failure)],
      [
        'given to next in the form with a handler',
        (_stream, next) => {
          next(failure)
          return new Promise(() => {})
        },
      ],
    ])('%s', async (_way, handle) => {
      const { app, events, log } = logging((_request, response, next) => {
        response.sse((stream) => {
          stream.send({ data: 'before' })
          return handle(stream, next)
        })
      })
      const client = await collect(app, '/')
      expect(client.raw.toString()).toMatch(/^retry: \d+\n\ndata: before\n\n$/)
      expect(client.ended).toBe(true)
      expect(events.streams.size).toBe(0)
      expect(log).toEqual([{ error: failure, isClosed: true }])
    })
  })

  test('is told of an error on the diagnostics channel once', async () => {
    const messages: unknown[] = []
    const onMessage = (message: unknown) => messages.push(Reflect.get(Object(message), 'error'))
    subscribe('rivulet:stream.error', onMessage)
    const { app } = logging((_request, response) => {
      response.sse(() => Promise.reject(failure))
    })
    app.use(((error, _request, _response, next) => next(error)) satisfies ErrorRequestHandler)
    await collect(app, '/')
    unsubscribe('rivulet:stream.error', onMessage)
    expect(messages).toEqual([failure])
  })

  test("Express' own error handler logs the error, and cuts off nothing that was sent before", async () => {
    const logged = new Milestone<unknown>()
    const spy = jest.spyOn(console, 'error').mockImplementation((error) => logged.reach(error))
    // Express logs nothing in its environment `test`.
    const app = express().set('env', 'production')
    app.use(sse({ maxBufferedBytes: 64 * 1024 * 1024 }))
    app.get('/', (_request, response) => {
      const stream = response.sse()
      for (let index = 0; index < 500; index += 1) stream.send({ data: 'x'.repeat(20_000) })
      throw failure
    })
    const { events, ended } = await collect(app, '/')
    expect([events.length, ended]).toEqual([500, true])
    expect(String(await logged.reached)).toContain(failure.message)
    expect(spy).toHaveBeenCalledTimes(1)
    spy.mockRestore()
  })

  test('a route without a stream keeps its errors, answered at once', async () => {
    const app = express()
    app.use(sse())
    app.get('/', () => {
      throw failure
    })
    app.use(((error, _request, response, _next) => {
      response.status(500).json({ isOurs: error === failure })
    }) satisfies ErrorRequestHandler)
    const { status, raw } = await collect(app, '/')
    expect([status, raw.toString()]).toEqual([500, '{"isOurs":true}'])
  })

  test('misuse is answered as any error while nothing has been sent', async () => {
    const app = express()
    app.use(sse())
    app.get('/', (_request, response) => {
      response.sse({ heartbeatMs: -1 })
    })
    app.use(((error, _request, _response, next) => next(error)) satisfies ErrorRequestHandler)
    app.use(((error, _request, response, _next) => {
      response.status(500).json({ code: error.code })
    }) satisfies ErrorRequestHandler)
    const { status, raw } = await collect(app, '/')
    expect([status, raw.toString()]).toEqual([500, '{"code":"ERR_SSE_OPTION"}'])
  })

  test('work that was aborted because the client left is no error', async () => {
    const settled = new Milestone<unknown>()
    const { app, events, log } = logging((_request, response, next) => {
      const stream = response.sse()
      stream.send({ data: 'one' })
      const work = new Promise((_resolve, reject) => {
        stream.signal.addEventListener('abort', () => reject(stream.signal.reason))
      })
      void work.catch(next).then(settled.reach.bind(settled))
    })
    await collect(app, '/', { count: 1 })
    await settled.reached
    expect(events.streams.size).toBe(0)
    expect(log).toEqual([])
  })

  test('leaving a route or a router is no error', async () => {
    const app = express()
    const events = sse()
    const router = express.Router()
    router.get('/', (_request, response, next) => {
      response.sse().send({ data: 'one' })
      next('route')
    })
    router.get('/', (_request, _response, next) => next('router'))
    app.use(events, router)
    await collect(app, '/', { count: 1 })
    app.get('/', (_request, _response, next) => {
      expect([...events.streams].map(({ closed }) => closed)).toEqual([null])
      for (const stream of events.streams) stream.send({ data: 'two' })
      next()
    })
    const { events: received } = await collect(app, '/', { count: 2 })
    expect(received.map(({ data }) => data)).toEqual(['one', 'two'])
  })

  test('error handlers of a route and of a router come before those of the application', async () => {
    const order: string[] = []
    const noting = (name: string): ErrorRequestHandler => {
      return (error, _request, response, next) => {
        order.push(`${name}: ${response.closed ? 'closed' : 'open'}`)
        if (name !== 'last') next(error)
      }
    }
    const fail: RequestHandler = (_request, response) => {
      response.sse()
      throw failure
    }
    const app = express()
    const router = express.Router()
    router.get('/', fail, noting('route'))
    router.use(noting('router'))
    app.use(sse())
    app.use('/nested', router)
    app.use(noting('application'), noting('last'))
    await collect(app, '/nested')
    expect(order).toEqual(['route: closed', 'router: closed', 'application: closed', 'last: closed'])
  })
})
