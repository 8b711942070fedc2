import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import statics from '@fastify/static'
import { createChannel, sse } from '@rivulet/fastify'
import { type ComponentSchemas, fastifySchema } from '@rivulet/openapi'
import fastify, { type FastifyInstance } from 'fastify'
import { useDocumentation } from './documentation.js'
import { type Notification, notificationEvents } from './events.js'
import { findPerson, membersOf, people, teams, topicsOf } from './people.js'
import * as body from './request-bodies.js'
import { logIn, logOut, requireSession, useSessions } from './session.js'
import { openStorage } from './storage.js'

/** Streams that one person may have open, tabs and devices together. Who opens more waits until one is closed. */
const maxStreamsPerPerson = 6
/** How long a page may be away without missing an event. After that it gets its whole inbox again. */
const keptForMs = 60 * 60 * 1_000

export interface AppOptions {
  readonly redisUrl?: string | undefined
  readonly cookieSecret?: string | undefined
}

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export async function createApp({ redisUrl, cookieSecret }: AppOptions = {}): Promise<FastifyInstance> {
  const app = fastify({ logger: { level: 'warn' } })
  const { inbox, log, close } = await openStorage(redisUrl)
  // Run after the streams were closed.
  app.addHook('onClose', close)

  // One channel for everybody; topics say who hears what.
  const notifications = createChannel('notifications', {
    events: notificationEvents,
    log,
    retention: { maxAgeMs: keptForMs },
  })
  const schemas: ComponentSchemas = {}
  await useDocumentation(app, schemas)
  await useSessions(app, cookieSecret)
  await app.register(sse, {
    limits: {
      maxStreams: 10_000,
      maxStreamsPerKey: maxStreamsPerPerson,
      key: (request) => request.session?.person.id,
    },
  })
  await app.register(statics, { root: fileURLToPath(new URL('../public', import.meta.url)) })

  app.get(
    '/api/session',
    { schema: { tags: ['session'], summary: 'Who is logged in' } },
    async (request) => ({
      person: request.session?.person ?? null,
      people,
      teams,
    }),
  )

  app.post<{ Body: body.Login }>('/api/login', { schema: body.login }, async (request, reply) => {
    const person = findPerson(request.body.person)
    if (person === undefined) return reply.code(404).send({ error: 'There is nobody of that name.' })
    logIn(person, reply)
    return { person }
  })

  app.post('/api/logout', { schema: { tags: ['session'], summary: 'Log out' } }, async (request, reply) => {
    logOut(reply)
    // The other tabs of this browser come back without a session, and are refused.
    app.sse.closeWhere((stream) => stream.context === request.session?.id)
    return reply.code(204).send()
  })

  const described = fastifySchema(notificationEvents, {
    schemas,
    tags: ['notifications'],
    summary: 'What happens in the inbox',
    security: [{ session: [] }],
    responses: { 401: { description: 'Log in first.' }, 406: false, 503: false },
  })
  app.get('/api/events', { schema: described, preHandler: requireSession }, async (request, reply) => {
    const session = request.session
    if (session === null) return
    const stream = await reply.sse({ context: session.id, expiresAt: session.expiresAt })
    stream.subscribe(notifications, {
      topics: topicsOf(session.person),
      // For a page that is new: its state, then what changes it. What comes back goes on where it was and needs none.
      snapshot: async () => [
        { event: 'inbox', data: { notifications: await inbox.list(session.person.id) } },
      ],
    })
  })

  app.post<{ Body: body.Send }>(
    '/api/notifications',
    { schema: body.send, preHandler: requireSession },
    async (request, reply) => {
      const { to, text } = request.body
      const members = membersOf(to)
      if (members.length === 0) return reply.code(404).send({ error: 'There is nobody to send this to.' })
      const notification: Notification = {
        id: randomUUID(),
        from: request.session?.person.name ?? '',
        to,
        text,
        at: Date.now(),
        isRead: false,
      }
      // The state first, then the event: a snapshot in between has it already, and twice does no harm.
      await inbox.add(members, notification)
      await notifications.publish({ event: 'notification.created', data: notification, topics: [to] })
      return reply.code(201).send({ id: notification.id })
    },
  )

  app.post<{ Body: body.Read }>(
    '/api/notifications/read',
    { schema: body.read, preHandler: requireSession },
    async (request, reply) => {
      const person = request.session?.person.id ?? ''
      const ids = await inbox.markRead(person, request.body.ids)
      // To this person's own topic: every tab follows.
      if (ids.length > 0) {
        await notifications.publish({ event: 'notification.read', data: { ids }, topics: [`user:${person}`] })
      }
      return reply.code(204).send()
    },
  )

  return app
}
