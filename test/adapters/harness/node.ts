import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import https from 'node:https'
import type { Server } from 'node:net'
import { createSse, type StreamRequest, type StreamResponse } from '@rivulet/core'
import type { AdapterHarness, AdapterSetup } from '@rivulet/testing'
import { certificate } from './certificate.ts'
import { closeServer, listen } from './server.ts'

type Listener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void

interface NodeServer {
  readonly protocol: 'http1' | 'http2'
  create(listener: Listener): Server
}

/** Node's own servers, without a framework. */
const servers = {
  'node:http': { protocol: 'http1', create: (listener) => createServer(listener) },
  'node:https': { protocol: 'http1', create: (listener) => https.createServer(certificate(), listener) },
  'node:http2 without TLS': { protocol: 'http2', create: (listener) => http2.createServer(listener) },
  'node:http2 with TLS': {
    protocol: 'http2',
    create: (listener) => http2.createSecureServer(certificate(), listener),
  },
} satisfies Record<string, NodeServer>

/** `createSse().open` behind one of Node's servers, used as the documentation says. */
export function nodeHarness(name: keyof typeof servers): AdapterHarness {
  const { protocol, create }: NodeServer = servers[name]
  return {
    protocol,
    async start(setup) {
      const listener = createListener(setup)
      const server = create(listener.onRequest)
      await listen(server)
      return { server, events: listener.events, close: () => closeServer(server) }
    },
  }
}

function createListener({ routes, options, onLoggedError }: AdapterSetup) {
  const events = createSse({ onError: onLoggedError, ...options })
  const onRequest = async (request: StreamRequest, response: StreamResponse) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const route = ['GET', 'HEAD', 'POST'].includes(request.method ?? '') ? routes[path] : undefined
    if (route === undefined) {
      response.statusCode = 404
      response.end()
      return
    }
    try {
      await route({
        request,
        response,
        setHeader: (name, value) => response.setHeader(name, value),
        readBody: () => readJson(request),
        open: (handlerOrOptions, streamOptions) =>
          events.open(request, response, handlerOrOptions, streamOptions),
      })
    } catch (error) {
      const leftToDo = events.fail(response, error)
      if (leftToDo !== 'ignore') onLoggedError(error)
      if (leftToDo !== false || response.headersSent) return
      response.statusCode = 500
      response.end()
    }
  }
  return { events, onRequest: (...exchange: Parameters<typeof onRequest>) => void onRequest(...exchange) }
}

/** The body as JSON. */
async function readJson(request: StreamRequest): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}
