import type { EventStream } from '@rivulet/core'
import { sse } from '@rivulet/express'
import { collect } from '@rivulet/testing'
import type express5 from 'express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import express4 from 'express-4'
import { onUnhandledRejection } from '../../../test/adapters/harness/outside-jest.ts'
import { Milestone } from './support/application.ts'

const express = express4 as unknown as typeof express5 // the types of the newer major, which say all that is needed

const failure = new Error('only the log may know')

/** Express 4 drops the promises of handlers: what they reject with is an unhandled rejection, and has to stay one. */
describe('Express 4: an async handler', () => {
  let unhandled: unknown[]
  let first: Milestone<unknown>
  let stopListening: () => void

  beforeEach(() => {
    unhandled = []
    first = new Milestone()
    stopListening = onUnhandledRejection((error) => {
      unhandled.push(error)
      first.reach(error)
    })
  })

  afterEach(() => stopListening())

  /** Unhandled rejections are told of when the microtasks are done, so two turns later there is no further one. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  const open = (response: Parameters<RequestHandler>[1]): EventStream => {
    const stream = response.sse()
    stream.send({ data: 'before' })
    return stream
  }

  test.each<[string, RequestHandler]>([
    [
      'that throws at once',
      async (_request, response) => {
        open(response)
        throw failure
      },
    ],
    [
      'that throws after an await',
      async (_request, response) => {
        await open(response).drained()
        throw failure
      },
    ],
    [
      'that opens its stream after an await and throws later',
      async (_request, response) => {
        await null
        await open(response).drained()
        throw failure
      },
    ],
    [
      'that is a middleware, whose stream was opened further on',
      async (_request, response, next) => {
        next()
        open(response)
        await null
        throw failure
      },
    ],
  ])('%s: closes its stream and is an unhandled rejection, once', async (_name, route) => {
    const app = express()
    const events = sse()
    const passedOn: unknown[] = []
    app.use(events)
    app.get('/', route)
    app.use(((error, _request, _response, _next) => passedOn.push(error)) satisfies ErrorRequestHandler)
    const { raw, ended } = await collect(app, '/')
    expect(raw.toString()).toContain('data: before')
    expect(ended).toBe(true)
    expect(await first.reached).toBe(failure)
    await settle()
    expect(unhandled).toEqual([failure])
    expect(passedOn).toEqual([])
    expect(events.streams.size).toBe(0)
  })

  test('whose stream has closed may leave aborted work behind', async () => {
    const app = express()
    const done = new Milestone()
    app.use(sse())
    app.get('/', async (_request, response) => {
      const stream = open(response)
      try {
        await new Promise((_resolve, reject) => {
          stream.signal.addEventListener('abort', () => reject(stream.signal.reason))
        })
      } finally {
        done.reach()
      }
    })
    await collect(app, '/', { count: 1 })
    await done.reached
    await settle()
    expect(unhandled).toEqual([])
  })

  test.each<[string, (handler: RequestHandler) => RequestHandler]>([
    [
      'returns nothing',
      (handler) => (request, response, next) => {
        Promise.resolve(handler(request, response, next)).catch(next)
      },
    ],
    [
      'returns the promise of the handler',
      (handler) => (request, response, next) => {
        const promise = Promise.resolve(handler(request, response, next))
        promise.catch(next)
        return promise
      },
    ],
    [
      'returns a promise of its own',
      (handler) => (request, response, next) => Promise.resolve(handler(request, response, next)).catch(next),
    ],
  ])('in a wrapper that gives rejections to next and %s: no unhandled rejection', async (_name, wrapped) => {
    const app = express()
    const passedOn: unknown[] = []
    app.use(sse())
    app.get(
      '/',
      wrapped(async (_request, response) => {
        await open(response).drained()
        throw failure
      }),
    )
    app.use(((error, _request, _response, _next) => passedOn.push(error)) satisfies ErrorRequestHandler)
    const { ended } = await collect(app, '/')
    await settle()
    expect(ended).toBe(true)
    expect(passedOn).toEqual([failure])
    expect(unhandled).toEqual([])
  })

  test('of a route without a stream is never looked at', async () => {
    const app = express()
    const looks: string[] = []
    app.use(sse())
    app.get('/', (_request, response) => {
      response.end()
      const rejected: Promise<unknown> = Promise.reject(failure)
      void Object.defineProperty(rejected, 'then', {
        value: (...handlers: Parameters<typeof rejected.then>) => {
          looks.push('then')
          return Promise.prototype.then.apply(rejected, handlers)
        },
      })
      return rejected
    })
    await collect(app, '/')
    expect(await first.reached).toBe(failure)
    await settle()
    expect([unhandled, looks]).toEqual([[failure], []])
  })

  test('finds its layer as it was put there', async () => {
    const app = express()
    const handler: RequestHandler = async (_request, response) => {
      open(response).end()
    }
    app.use(sse())
    app.use('/', handler)
    await collect(app, '/')
    const layers: { handle: unknown }[] = Reflect.get(app, '_router').stack
    expect(layers.some(({ handle }) => handle === handler)).toBe(true)
  })
})

describe('Express 4 with express-async-errors', () => {
  test('gives a rejection to the error handlers once, and leaves none unhandled', async () => {
    const unhandled: unknown[] = []
    const stopListening = onUnhandledRejection((error) => unhandled.push(error))
    const app = express()
    const passedOn: unknown[] = []
    const events = sse()
    app.use(events)
    // What express-async-errors 3.1 does, when it is loaded: every handler that layers are given is wrapped.
    const layer = Reflect.getPrototypeOf(Reflect.get(app, '_router').stack[0])
    Reflect.defineProperty(Object(layer), 'handle', {
      configurable: true,
      get(this: { handler: unknown }) {
        return this.handler
      },
      set(this: { handler: unknown }, handler: (...args: unknown[]) => unknown) {
        const wrapped = (...args: unknown[]) => {
          const result = handler(...args)
          const next = args.at(-1) as (error: unknown) => void // Express' own, which comes last
          if (result instanceof Promise) result.catch(next)
          return result
        }
        this.handler = Object.defineProperty(wrapped, 'length', { value: handler.length })
      },
    })
    app.get('/', async (_request, response) => {
      await response.sse().drained()
      throw failure
    })
    app.use((error: unknown, _request: unknown, _response: unknown, _next: unknown) => {
      passedOn.push(error)
    })
    const { ended } = await collect(app, '/')
    await new Promise((resolve) => setImmediate(resolve))
    Reflect.deleteProperty(Object(layer), 'handle')
    stopListening()
    expect(ended).toBe(true)
    expect([passedOn, unhandled]).toEqual([[failure], []])
    expect(events.streams.size).toBe(0)
  })
})
