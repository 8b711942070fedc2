import { createServer } from 'node:http'
import type { EventStream } from '@rivulet/core'
import * as core from '@rivulet/core'
import * as adapter from '@rivulet/express'
import { sse } from '@rivulet/express'
import { collect } from '@rivulet/testing'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { majors } from './support/application.ts'

test('gives its users all of core', () => {
  expect(Object.keys(adapter).sort()).toEqual([...Object.keys(core), 'sse'].sort())
})

test('refuses options that do not exist', () => {
  expect(() => sse({ heartbeat: 1 } as object)).toThrow(expect.objectContaining({ code: 'ERR_SSE_OPTION' }))
})

test('serves without Express around it', async () => {
  const events = sse()
  const server = createServer((request, response) => {
    events(request, response, () => {
      ;(response as unknown as Pick<Response, 'sse'>).sse().end() // only the type says that it has to be Express'
    })
  })
  const { status } = await collect(server, '/')
  expect(status).toBe(200)
})

describe.each(majors)('%s', (_name, major, express) => {
  test('gives every response its own stream, with the options over the defaults', async () => {
    const app = express()
    const events = sse({ retryMs: false, context: 'default' })
    const contexts: unknown[] = []
    app.use(events)
    app.get('/', (_request, response) => {
      contexts.push(response.sse().context)
      for (const stream of events.streams) stream.close()
    })
    app.get('/own', (_request, response) => {
      response.sse((stream) => void contexts.push(stream.context), { context: 'own' })
    })
    expect((await collect(app, '/')).raw.toString()).toBe(':\n\n')
    await collect(app, '/own')
    expect(contexts).toEqual(['default', 'own'])
    expect(events.streams.size).toBe(0)
  })

  test('an application in an application and a router in a router have streams, which close with their errors', async () => {
    const app = express()
    const inner = express()
    const router = express.Router()
    const events = sse()
    const streams: EventStream[] = []
    const errors: unknown[] = []
    const handler: RequestHandler = (_request, response) => {
      streams.push(response.sse())
      throw new Error('failed')
    }
    router.use('/deeper', express.Router().get('/', handler))
    inner.use(events)
    inner.get('/', handler)
    inner.use(router)
    app.use('/inner', inner)
    app.use((error: unknown, _request: Request, _response: Response, _next: unknown) => errors.push(error))
    await collect(app, '/inner')
    await collect(app, '/inner/deeper')
    expect(streams.map(({ closed }) => closed)).toEqual(['error', 'error'])
    expect(errors).toHaveLength(2)
  })

  test('used in an inner application, it is there for the routes behind that application', async () => {
    const app = express()
    const inner = express()
    inner.use(sse())
    app.use(inner)
    app.get('/', (_request, response) => void response.sse().end())
    const answers = [await collect(app, '/'), await collect(app, '/')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  test("one on a route of an inner application leaves that application's other routes to the outer one", async () => {
    const app = express()
    const inner = express()
    const contexts: unknown[] = []
    const handler: RequestHandler = (_request, response) => {
      const stream = response.sse()
      contexts.push(stream.context)
      stream.end()
    }
    inner.get('/own', sse({ context: 'inner' }), handler)
    inner.get('/', handler)
    app.use(sse({ context: 'outer' }), inner)
    for (const path of ['/own', '/', '/own']) await collect(app, path)
    expect(contexts).toEqual(['inner', 'outer', 'inner'])
  })

  test('several on different routers are independent of each other', async () => {
    const app = express()
    const [one, two] = [sse({ context: 'one' }), sse({ context: 'two' })]
    for (const [path, events] of [['/one', one] as const, ['/two', two] as const]) {
      const router = express.Router().use(events)
      router.get('/', (_request, response) => {
        response.sse().send({ data: 'x' })
      })
      app.use(path, router)
    }
    const server = createServer(app)
    await Promise.all([collect(server, '/one', { count: 1 }), collect(server, '/two', { count: 1 })])
    await one.close()
    const refused = await collect(server, '/one')
    expect(refused.events).toEqual([])
    const served = await collect(server, '/two', { count: 1 })
    expect(served.events).toHaveLength(1)
  })

  test('is mounted for one route alone', async () => {
    const app = express()
    const events = sse()
    app.get('/', events, (_request, response) => {
      response.sse()
      throw new Error('failed')
    })
    app.use((_error: unknown, _request: Request, _response: Response, _next: unknown) => {})
    const { ended } = await collect(app, '/')
    expect(ended).toBe(true)
    expect(events.streams.size).toBe(0)
  })

  test('gets along with others who wrap what Express calls', async () => {
    const app = express()
    app.use((_request, _response, next) => next())
    const router = Reflect.get(app, major === 4 ? '_router' : 'router')
    const layer = Object(Reflect.getPrototypeOf(router.stack[0]))
    const calls = new Map<string, number>()
    const wrapAll = (when: string) => {
      for (const method of ['handleRequest', 'handle_request', 'handleError', 'handle_error']) {
        const original: unknown = layer[method]
        if (typeof original !== 'function') continue
        layer[method] = function (this: unknown, ...args: unknown[]) {
          const call = `${method} wrapped ${when}`
          calls.set(call, (calls.get(call) ?? 0) + 1)
          return original.apply(this, args)
        }
      }
    }
    wrapAll('before')
    const events = sse()
    const errors: unknown[] = []
    app.use(events)
    app.get('/', (_request, response) => {
      response.sse()
      throw new Error('failed')
    })
    app.use((error: unknown, _request: Request, _response: Response, _next: unknown) => errors.push(error))
    await collect(app, '/')
    wrapAll('after')
    await collect(app, '/')
    expect(errors).toHaveLength(2)
    expect(events.streams.size).toBe(0)
    expect(calls.size).toBe(4)
  })

  test('where Express looks different inside, errors that no handler keeps to itself still close their stream', async () => {
    let isolated: typeof express | undefined
    jest.isolateModules(() => {
      isolated = require(major === 4 ? 'express-4' : 'express')
    })
    const app = (isolated ?? express)().set('env', 'test')
    app.use((_request, _response, next) => next())
    const router = Reflect.get(app, major === 4 ? '_router' : 'router')
    const layer = Object(Reflect.getPrototypeOf(router.stack[0]))
    // As if the methods that are wrapped had other names.
    Object.defineProperty(layer, Symbol.for('@rivulet/express.watched'), { value: true })
    const streams: EventStream[] = []
    app.use(sse())
    app.get('/', (_request, response) => {
      const stream = response.sse()
      streams.push(stream)
      stream.send({ data: 'before' })
      throw new Error('failed')
    })
    app.use((error: unknown, _request: Request, _response: Response, next: NextFunction) => next(error))
    const { events, ended } = await collect(app, '/')
    expect([events.length, ended, streams[0]?.closed]).toEqual([1, true, 'error'])
  })
})
