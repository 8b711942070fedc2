import type { EventStream } from '@rivulet/core'
import { type AdapterHarness, type AdapterSetup, describeAdapter, type RouteContext } from '@rivulet/testing'
import { nodeHarness } from './harness/node.ts'

type Open = RouteContext['open']
type Break = (context: RouteContext, setup: AdapterSetup) => Partial<RouteContext>

/** Node's own server with an adapter that is wrong in one way. */
function broken(
  breakIt: Break,
  breakSetup: (setup: AdapterSetup) => AdapterSetup = (setup) => setup,
): AdapterHarness {
  const harness = nodeHarness('node:http')
  return {
    ...harness,
    start(setup) {
      const routes = Object.entries(setup.routes).map(
        ([path, route]) =>
          [path, (context: RouteContext) => route({ ...context, ...breakIt(context, setup) })] as const,
      )
      return harness.start(breakSetup({ ...setup, routes: Object.fromEntries(routes) }))
    },
  }
}

/** The tests of the suite over a harness, by name. */
function testsOf(harness: AdapterHarness): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>()
  describeAdapter('broken', harness, {
    describe: (_name, body) => body(),
    test: (name, body) => tests.set(name, body),
  })
  return tests
}

async function run(harness: AdapterHarness, name: string): Promise<void> {
  const test = testsOf(harness).get(name)
  if (test === undefined) throw new Error(`the suite has no test named ${name}`)
  await test()
}

/** The adapter under test, with something done to the stream that it gives. */
function opening(change: (stream: EventStream, context: RouteContext) => void): Break {
  return (context) => {
    const open: Open = async (...args) => {
      const stream = await context.open(...args)
      change(stream, context)
      return stream
    }
    return { open }
  }
}

const keepOnRun = (context: RouteContext): Partial<RouteContext> => {
  const open: Open = (handlerOrOptions, options) => {
    const stream = context.open(...(typeof handlerOrOptions === 'function' ? [options] : [handlerOrOptions]))
    if (typeof handlerOrOptions === 'function') void Promise.resolve(stream).then(handlerOrOptions)
    return stream
  }
  return { open }
}

describe('an adapter fails the suite that', () => {
  test.concurrent.each<[fault: string, name: string, harness: AdapterHarness]>([
    [
      'loses headers that were set before',
      'keeps headers that were set before, several cookies among them',
      broken(() => ({ setHeader: () => {} })),
    ],
    [
      'keeps one of several cookies',
      'keeps headers that were set before, several cookies among them',
      broken(({ setHeader }) => ({
        setHeader: (name, value) => setHeader(name, typeof value === 'string' ? value : (value.at(-1) ?? '')),
      })),
    ],
    [
      'sets a Connection header',
      'S5: is chunked on HTTP/1.1, without a Connection header of its own',
      broken(({ response, open }) => ({
        open: (...args) => {
          response.setHeader('Connection', 'keep-alive')
          return open(...args)
        },
      })),
    ],
    [
      'forgets the reconnection time',
      'S1: sends status, headers and the reconnection time before there is any event',
      broken(({ open }) => ({
        open: (_handlerOrOptions, options) => open({ ...options, retryMs: false }),
      })),
    ],
    ['runs handlers for HEAD', 'S7: answers HEAD with the headers and runs no handler', broken(keepOnRun)],
    ['runs handlers behind a 406', 'S8: runs no handler behind a 406', broken(keepOnRun)],
    [
      'runs handlers for finished streams',
      'S38: that ends in .end is answered 204, from the header',
      broken(keepOnRun),
    ],
    [
      'does not end the stream when its handler returns',
      'S38: a handler that returns ends its stream',
      broken(keepOnRun),
    ],
    [
      'forgets the options of the application',
      'has the status and headers of the options, those of the call over the defaults whatever their case',
      broken(
        () => ({}),
        (setup) => ({ ...setup, options: {} }),
      ),
    ],
    [
      'reports errors twice',
      'a handler that throws at once',
      broken(
        () => ({}),
        (setup) => ({
          ...setup,
          onLoggedError: (error) => {
            setup.onLoggedError(error)
            setup.onLoggedError(error)
          },
        }),
      ),
    ],
    [
      'reports no errors',
      'a handler that throws after an await and an event',
      broken(
        () => ({}),
        (setup) => ({ ...setup, onLoggedError: () => {} }),
      ),
    ],
    [
      'tells the client what failed',
      'an async handler that throws at once',
      broken(({ response, open }) => ({
        open: (handler, options) => {
          if (typeof handler !== 'function') return open(handler)
          return open(async (stream) => {
            try {
              await handler(stream)
            } catch (error) {
              stream.comment(String(error))
              response.end()
              throw error
            }
          }, options)
        },
      })),
    ],
    [
      'hides a second stream on one response',
      'a second stream on one response throws, and the first goes on',
      broken(({ open }) => {
        let first: ReturnType<Open> | undefined
        return {
          open: (...args) => {
            first ??= open(...args)
            return first
          },
        }
      }),
    ],
    [
      'leaves the response to somebody who writes beside the stream',
      'S23: blocks of several writers and heartbeats never interleave, each writer in its order',
      broken(
        opening((stream, { response }) => {
          const timer = setInterval(() => Reflect.apply(response.write, response, ['data: half']), 1)
          stream.onClose(() => clearInterval(timer))
        }),
      ),
    ],
    [
      'takes the close of the request for that of the client',
      "stays open when the request's own close has come",
      broken(
        opening((stream, { request }) => {
          if (request.destroyed) stream.close()
          request.once('close', () => stream.close())
        }),
      ),
    ],
    [
      'leaves a stream open',
      'close hangs up behind what was sent, and sends nothing after it',
      broken(
        opening((stream) => {
          Object.assign(stream, { close: () => {} })
        }),
      ),
    ],
  ])('%s', async (_fault, name, harness) => {
    await expect(run(nodeHarness('node:http'), name)).resolves.toBeUndefined()
    await expect(run(harness, name)).rejects.toThrow()
  })
})

test('the suite has no two tests of one name, and leaves out what does not apply', () => {
  let declaredCount = 0
  const runner = { describe: (_name: string, body: () => void) => body(), test: () => (declaredCount += 1) }
  const harness = nodeHarness('node:http')
  describeAdapter('whole', harness, runner)
  expect(testsOf(harness).size).toBe(declaredCount)
  const overHttp2 = testsOf(nodeHarness('node:http2 without TLS'))
  expect([...overHttp2.keys()].filter((name) => name.includes('HTTP/1'))).toEqual([])
})
