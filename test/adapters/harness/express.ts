import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { sse } from '@rivulet/express'
import type { AdapterHarness, AdapterRoute, AdapterSetup } from '@rivulet/testing'
import express5, { type NextFunction, type Request, type Response } from 'express'
import express4 from 'express-4'
import { onUnhandledRejection } from './outside-jest.ts'
import { closeServer, listen } from './server.ts'

type Handler = (request: Request, response: Response, next: NextFunction) => unknown

/** `res.sse()` in an application as people write them. */
export function expressHarness(major: 4 | 5): AdapterHarness {
  return {
    protocol: 'http1',
    async start(setup) {
      const events = sse(setup.options)
      const server = createServer(createApp(major, events, setup))
      // What Express 4 does with the promise of an async handler: nothing.
      const stopListening = major === 4 ? onUnhandledRejection(setup.onLoggedError) : () => {}
      await listen(server)
      return {
        server,
        events,
        async close() {
          await closeServer(server)
          stopListening()
        },
      }
    },
  }
}

/** The words that both majors share, in the types of the newer one. */
function createApp(major: 4 | 5, events: ReturnType<typeof sse>, { routes, onLoggedError }: AdapterSetup) {
  const express = major === 4 ? (express4 as unknown as typeof express5) : express5
  const app = express()
  app.use(events)
  for (const [path, route] of Object.entries(routes)) {
    const handler = handlerOf(route, express.json())
    app.get(path, handler)
    app.post(path, handler)
  }
  // Applications log here, and leave the answer to Express.
  app.use((error: unknown, _request: Request, _response: Response, next: NextFunction) => {
    onLoggedError(error)
    next(error)
  })
  return app as (request: IncomingMessage, response: ServerResponse) => void
}

function handlerOf(route: AdapterRoute, json: Handler): Handler {
  return (request, response) => {
    return route({
      request,
      response,
      setHeader: (name, value) => response.setHeader(name, value),
      readBody: () =>
        new Promise((resolve, reject) => {
          json(request, response, (error?: unknown) => (error ? reject(error) : resolve(request.body)))
        }),
      open: (handlerOrOptions, options) =>
        typeof handlerOrOptions === 'function'
          ? response.sse(handlerOrOptions, options)
          : response.sse(handlerOrOptions),
    })
  }
}
