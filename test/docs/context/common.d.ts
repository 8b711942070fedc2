/** What fragments in the documentation take for granted: the names of their surroundings. */
import type { Server } from 'node:http'
import type * as Client from '@rivulet/client'
import type * as Core from '@rivulet/core'
import type * as ExpressSse from '@rivulet/express'
import type * as RedisLog from '@rivulet/log-redis'
import type * as Testing from '@rivulet/testing'
import type { Express as App, RequestHandler, Response } from 'express'
import type { FastifyInstance } from 'fastify'
import type * as Zod from 'zod'

interface User {
  readonly id: string
  readonly teams: readonly string[]
}

declare global {
  namespace Express {
    interface Request {
      user: User
    }
  }

  // What a page has imported before.
  const createChannel: typeof Core.createChannel
  const createSse: typeof Core.createSse
  const eventTypes: typeof Core.eventTypes
  const SseError: typeof Core.SseError
  const sse: typeof ExpressSse.sse
  const connect: typeof Client.connect
  const parseEventStream: typeof Client.parseEventStream
  const collect: typeof Testing.collect
  const createRedisLog: typeof RedisLog.createRedisLog
  const z: typeof Zod.z

  // The application around a fragment.
  const app: App
  const fastify: FastifyInstance
  const server: Server
  const res: Response
  const events: ExpressSse.ExpressSse
  const stream: Core.EventStream
  const orders: Core.Channel
  const requireUser: RequestHandler

  // What an application has of its own.
  const userInput: string
  const data: string
  const body: string
  const token: string
  const buffer: Buffer
  const signal: AbortSignal
  const response: NodeJS.ReadableStream
  function stop(): void
  function show(text: unknown): void
  function showStatus(state: string, message: string | undefined): void
  function addOrder(id: number): void
  function reloadEverything(missed: number | null): void
  function openOrders(options?: { signal?: AbortSignal }): Promise<{ id: number }[]>
  function rowsAfter(id: string | null): Promise<{ id: number }[]>
  function runJob(id: string, signal: AbortSignal): AsyncIterable<{ done: number }>
  function tokens(prompt: unknown, signal: AbortSignal): AsyncIterable<string>
}
