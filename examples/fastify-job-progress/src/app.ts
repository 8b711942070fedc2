import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import statics from '@fastify/static'
import { sse } from '@rivulet/fastify'
import { createSqliteLog } from '@rivulet/log-sqlite'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { takeDataFolder } from './data-folder.js'
import { type Method, methods, type PackedFile } from './events.js'
import type { Folder } from './folders.js'
import { readHistory } from './history.js'
import { createJobs } from './jobs.js'

export interface AppOptions {
  /** Where the log and what was packed are kept; it is made where it is not there. */
  readonly data: string
  /** What jobs may read. */
  readonly folders: readonly Folder[]
}

const jobBody = {
  type: 'object',
  required: ['folder', 'method'],
  properties: { folder: { type: 'string', maxLength: 255 }, method: { enum: methods } },
}

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export async function createApp({ data, folders }: AppOptions): Promise<FastifyInstance> {
  const app = fastify({ logger: { level: 'warn' } })
  const folder = await takeDataFolder(data)
  const log = createSqliteLog({ file: join(folder.path, 'events.db') })
  const output = join(folder.path, 'packed')
  const report = (error: unknown) => app.log.error(error)
  const jobs = await createJobs({ log, output, except: folder.path, folders, report })
  // Run after the streams were closed.
  app.addHook('onClose', async () => {
    await jobs.stop()
    await log.close()
    folder.release()
  })

  await app.register(sse)
  await app.register(statics, { root: fileURLToPath(new URL('../public', import.meta.url)) })

  // Everybody who reaches this server may begin and cancel jobs. In your own app put your login here:
  // app.addHook('onRequest', requireUser)

  app.get('/api/folders', async () => ({ folders: folders.map(({ name }) => name), output }))

  // All jobs: first as they are, then each change. What comes back goes on where it was, also after a restart.
  app.get('/api/events', async (_request, reply) => {
    const stream = await reply.sse()
    stream.subscribe(jobs.channel, { snapshot: () => [{ event: 'jobs', data: { jobs: jobs.list() } }] })
    // Who is behind gets how far a job is now, and not how it came there.
    stream.subscribe(jobs.progress, { coalesce: ({ data }) => data.id })
  })

  app.post<{ Body: { folder: string; method: Method } }>(
    '/api/jobs',
    { schema: { body: jobBody } },
    async (request, reply) => {
      const folder = folders.find(({ name }) => name === request.body.folder)
      if (folder === undefined) return reply.code(404).send({ message: 'There is no such folder.' })
      const job = await jobs.add(folder, request.body.method)
      if (job === null) return reply.code(429).send({ message: 'Too many jobs wait already.' })
      return reply.code(202).send({ id: job.id })
    },
  )

  app.post<{ Params: { id: string } }>('/api/jobs/:id/cancel', async (request, reply) => {
    const job = jobs.find(request.params.id)
    if (job === undefined) return noSuchJob(reply)
    await jobs.cancel(job)
    return reply.code(204).send()
  })

  app.delete<{ Params: { id: string } }>('/api/jobs/:id', async (request, reply) => {
    const job = jobs.find(request.params.id)
    if (job === undefined) return noSuchJob(reply)
    if (job.finishedAt === null) return reply.code(409).send({ message: 'Cancel it first.' })
    await jobs.remove(job)
    return reply.code(204).send()
  })

  // The files of one job, from the first, then each that is finished; and when the job is over, the end.
  app.get<{ Params: { id: string } }>('/api/jobs/:id/events', async (request, reply) => {
    const job = jobs.find(request.params.id)
    if (job === undefined) return noSuchJob(reply)
    const stream = await reply.sse()
    stream.subscribe(jobs.filesOf(job), { from: 'start' })
  })

  // What `sha256sum --check` reads, inside of the folder.
  app.get<{ Params: { id: string } }>('/api/jobs/:id/checksums', async (request, reply) => {
    const job = jobs.find(request.params.id)
    if (job === undefined) return noSuchJob(reply)
    const { name } = jobs.filesOf(job)
    return reply.type('text/plain; charset=utf-8').send(
      Readable.from(
        (async function* () {
          for await (const { data } of readHistory(log, name)) {
            const file = data as PackedFile
            yield `${file.sha256}  ${file.name}\n`
          }
        })(),
      ),
    )
  })

  return app
}

function noSuchJob(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ message: 'There is no such job.' })
}
