import { sse } from '@rivulet/fastify'
import type { AdapterHarness, AdapterRoute, AdapterSetup } from '@rivulet/testing'
import fastify5, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import fastify4 from 'fastify-4'

type Major = 4 | 5

/** `reply.sse()` in an application as people write them. */
export function fastifyHarness(major: Major, protocol: 'http1' | 'http2' = 'http1'): AdapterHarness {
  return {
    protocol,
    drainsOnClose: true,
    async start({ options, routes, onLoggedError }) {
      const app = createApp(major, protocol, onLoggedError)
      await app.register(sse, options)
      for (const [url, route] of Object.entries(routes))
        app.route({ method: ['GET', 'POST'], url, handler: handlerOf(route) })
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { server: app.server, events: app.sse, close: () => app.close() }
    },
  }
}

/** Both majors, in the types of the newer one. */
function createApp(
  major: Major,
  protocol: 'http1' | 'http2',
  onLoggedError: AdapterSetup['onLoggedError'],
): FastifyInstance {
  const fastify = major === 4 ? (fastify4 as unknown as typeof fastify5) : fastify5
  const logger = loggerTo(onLoggedError)
  const logging = major === 4 ? { logger } : { loggerInstance: logger }
  const options = protocol === 'http2' ? { ...logging, http2: true } : logging
  return fastify(options as object) // http2 changes the type of the server alone, which nobody here looks at
}

/** A logger that hands errors on. */
function loggerTo(onLoggedError: AdapterSetup['onLoggedError']) {
  const ignore = () => {}
  const log = (entry: unknown) => onLoggedError(Reflect.get(Object(entry), 'err') ?? entry)
  const logger = {
    level: 'info',
    fatal: log,
    error: log,
    warn: log,
    info: ignore,
    debug: ignore,
    trace: ignore,
    silent: ignore,
    child: () => logger,
  }
  return logger
}

function handlerOf(route: AdapterRoute) {
  return (request: FastifyRequest, reply: FastifyReply) =>
    route({
      request: request.raw,
      response: reply.raw,
      setHeader: (name, value) => {
        reply.header(name, value)
      },
      readBody: async () => request.body,
      open: (handlerOrOptions, options) =>
        typeof handlerOrOptions === 'function'
          ? reply.sse(handlerOrOptions, options)
          : reply.sse(handlerOrOptions),
    })
}
