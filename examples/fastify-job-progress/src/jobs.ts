import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Channel, createChannel, type EventLog } from '@rivulet/fastify'
import type { FileEvents, Job, JobEvents, Method, PackedFile, ProgressEvents } from './events.js'
import type { Folder } from './folders.js'
import { readHistory } from './history.js'
import { runJob } from './run-job.js'

/** How many jobs run at once; the others wait. Each keeps about one thread of Node's pool busy, of four (UV_THREADPOOL_SIZE). */
const maxRunning = 2
const maxWaiting = 20
/** How many jobs are remembered, with their files; the oldest finished one goes first. */
const maxJobs = 50

export interface JobsOptions {
  readonly log: EventLog
  /** Where what was packed goes, one folder per job. */
  readonly output: string
  /** A folder that is never packed. */
  readonly except: string
  readonly folders: readonly Folder[]
  readonly report: (error: unknown) => void
}

/**
 * Jobs that outlive this process. What happens is published, and what was published is all there is to know: after a restart
 * the jobs are read from their channel, and those that were running go on.
 */
export async function createJobs({ log, output, except, folders, report }: JobsOptions) {
  // What was published of each job has to stay readable for as long as the job is remembered.
  const channel = createChannel<JobEvents>('jobs', { log, retention: { maxEvents: 5_000, idleMs: false } })
  // Apart from the jobs, because it is much and soon of no interest.
  const progress = createChannel<ProgressEvents>('progress', { log, retention: { maxEvents: 500 } })
  const jobs = await readJobs(log)
  const running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>()
  let isStopping = false

  for (const job of jobs.values()) {
    // The process before may have ended just before it did this.
    if (job.finishedAt !== null) await filesOf(job).end()
    else if (job.state === 'running') {
      job.interruptions += 1
      await enter(job, 'queued')
    }
  }
  startWaiting()

  return {
    channel,
    progress,
    filesOf,
    list: (): Job[] => [...jobs.values()],
    find: (id: string): Job | undefined => jobs.get(id),

    /** @returns `null` while too many wait. */
    async add(folder: Folder, method: Method): Promise<Job | null> {
      if (waiting().length >= maxWaiting) return null
      const job: Job = {
        id: randomUUID(),
        folder: folder.name,
        method,
        state: 'queued',
        createdAt: Date.now(),
        finishedAt: null,
        totalFiles: 0,
        totalBytes: 0,
        doneFiles: 0,
        doneBytes: 0,
        packedBytes: 0,
        bytesPerSecond: 0,
        interruptions: 0,
        error: null,
      }
      await enter(job, 'queued')
      jobs.set(job.id, job)
      startWaiting()
      const oldest = [...jobs.values()].find(({ finishedAt }) => finishedAt !== null)
      if (jobs.size > maxJobs && oldest !== undefined) await remove(oldest)
      return job
    },

    /** What is packed already stays. Nothing happens to a job that is over. */
    async cancel(job: Job): Promise<void> {
      const work = running.get(job.id)
      work?.abort.abort()
      await work?.done
      if (job.state === 'queued') await finish(job, 'cancelled')
    },

    remove,

    /** Ends what runs without finishing it: the next process goes on. */
    async stop(): Promise<void> {
      isStopping = true
      for (const { abort } of running.values()) abort.abort()
      await Promise.all([...running.values()].map(({ done }) => done))
    },
  }

  /** A channel for each job, of each file that is finished. It ends with the job: who listens is told, who comes later too. */
  function filesOf({ id }: Job): Channel<FileEvents> {
    const retention = { maxEvents: 100_000, maxBytes: 64 * 1024 * 1024, idleMs: false } as const
    return createChannel(`job:${id}`, { log, retention })
  }

  /** Forgets a job that is over, and deletes what it wrote. */
  async function remove(job: Job): Promise<void> {
    jobs.delete(job.id)
    await channel.publish({ event: 'job.removed', data: { id: job.id } })
    await filesOf(job).delete()
    await rm(join(output, job.id), { recursive: true, force: true })
  }

  function waiting(): Job[] {
    return [...jobs.values()].filter(({ id, state }) => state === 'queued' && !running.has(id))
  }

  function startWaiting(): void {
    for (const job of waiting()) {
      if (running.size >= maxRunning || isStopping) return
      const abort = new AbortController()
      const done = run(job, abort.signal)
        .catch(report)
        .finally(() => {
          running.delete(job.id)
          startWaiting()
        })
      running.set(job.id, { abort, done })
    }
  }

  async function run(job: Job, signal: AbortSignal): Promise<void> {
    try {
      const folder = folders.find(({ name }) => name === job.folder)
      if (folder === undefined) throw new Error('The folder is not offered any more.')
      const files = filesOf(job)
      const finished = new Map<string, PackedFile>()
      for await (const { data } of readHistory(log, files.name)) {
        // Only files are published there.
        const file = data as PackedFile
        finished.set(file.name, file)
      }
      await enter(job, 'running')
      await runJob({
        job,
        from: folder.path,
        to: join(output, job.id),
        except,
        finished,
        signal,
        begun: () => enter(job, 'running'),
        // Not waited for: the next one makes up for one that was lost.
        progressed: (data) => void progress.publish({ event: 'progress', data }).catch(report),
        packed: async (file) => void (await files.publish({ event: 'file', data: file })),
      })
      await finish(job, 'done')
    } catch (error) {
      // It stays as it is published, and the next process goes on.
      if (isStopping) return
      if (signal.aborted) return finish(job, 'cancelled')
      report(error)
      job.error = wordsFor(error)
      await finish(job, 'failed')
    }
  }

  async function finish(job: Job, state: 'done' | 'cancelled' | 'failed'): Promise<void> {
    job.finishedAt = Date.now()
    await enter(job, state)
    await filesOf(job).end()
  }

  async function enter(job: Job, state: Job['state']): Promise<void> {
    job.state = state
    await channel.publish({ event: 'job', data: { ...job } })
  }
}

/** The jobs as they were published last. */
async function readJobs(log: EventLog): Promise<Map<string, Job>> {
  const jobs = new Map<string, Job>()
  for await (const { event, data } of readHistory(log, 'jobs')) {
    // What `channel` above publishes.
    if (event === 'job') jobs.set((data as Job).id, data as Job)
    else jobs.delete((data as { id: string }).id)
  }
  return jobs
}

/** Without the path on this machine, which is the message's. */
function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return 'It failed.'
  if (!('code' in error) || !('path' in error)) return error.message
  return `A file could not be read or written (${String(error.code)}).`
}
