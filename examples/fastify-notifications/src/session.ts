import { randomBytes, randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findPerson, type Person } from './people.js'

/** A login in one browser. */
export interface Session {
  readonly id: string
  readonly person: Person
  /** In milliseconds since 1970. */
  readonly expiresAt: number
}

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | null
  }
}

const cookieName = 'session'
const maxAgeMs = 7 * 24 * 60 * 60 * 1_000

/**
 * Reads the session of each request from a signed cookie.
 *
 * @param secret Signs the cookies: the same in all processes. Left out, logins end with this process.
 */
export async function useSessions(app: FastifyInstance, secret?: string): Promise<void> {
  await app.register(cookie, { secret: secret ?? randomBytes(32).toString('hex') })
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    request.session = readSession(request)
  })
}

/** There are no passwords here: check yours before you call this. */
export function logIn(person: Person, reply: FastifyReply): void {
  const value = `${person.id}/${randomUUID()}/${Date.now() + maxAgeMs}`
  reply.setCookie(cookieName, value, {
    path: '/',
    signed: true,
    httpOnly: true,
    // Other sites' pages cannot make requests in a person's name.
    sameSite: 'strict',
    // Over HTTPS only, where the request came over HTTPS; behind a proxy that needs Fastify's option trustProxy.
    secure: 'auto',
    maxAge: maxAgeMs / 1_000,
  })
}

export function logOut(reply: FastifyReply): void {
  reply.clearCookie(cookieName, { path: '/' })
}

/** For routes that need a login. */
export async function requireSession(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (request.session !== null) return undefined
  return reply.code(401).send({ error: 'Log in first.' })
}

function readSession(request: FastifyRequest): Session | null {
  const signed = request.cookies[cookieName]
  const unsigned = signed === undefined ? undefined : request.unsignCookie(signed)
  if (unsigned?.valid !== true) return null
  const [personId = '', id = '', expires = ''] = unsigned.value.split('/')
  const person = findPerson(personId)
  const expiresAt = Number(expires)
  return person === undefined || expiresAt <= Date.now() ? null : { id, person, expiresAt }
}
