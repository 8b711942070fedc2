// The two streams: all jobs, always; and the files of one job, while somebody looks at them.

/** How long to wait where the browser gave up, as it does when a proxy answers 502. */
const reopenMs = 3_000

/**
 * Follows all jobs. `changed()` is called after every change, `ended(job)` with a job that is over now, and `entered(state)` with
 * `live` or `away`.
 */
export function followJobs({ changed, ended, entered }) {
  const jobs = new Map()

  function open() {
    const source = new EventSource('api/events')
    source.addEventListener('error', () => {
      entered('away')
      if (source.readyState === EventSource.CLOSED) setTimeout(open, reopenMs)
    })
    // The connection stands, and all that was missed follows.
    source.addEventListener('$ready', () => entered('live'))
    source.addEventListener('jobs', ({ data }) => {
      jobs.clear()
      for (const job of JSON.parse(data).jobs) jobs.set(job.id, job)
      changed()
    })
    source.addEventListener('job', ({ data }) => {
      const job = JSON.parse(data)
      const wasOver = jobs.get(job.id)?.finishedAt ?? null
      jobs.set(job.id, job)
      if (job.finishedAt !== null && wasOver === null) ended(job)
      changed()
    })
    source.addEventListener('job.removed', ({ data }) => {
      jobs.delete(JSON.parse(data).id)
      changed()
    })
    source.addEventListener('progress', ({ data }) => {
      const progress = JSON.parse(data)
      const job = jobs.get(progress.id)
      // The two channels keep their own order: this may be of before the job was over, or interrupted.
      if (job?.state !== 'running' || job.interruptions !== progress.interruptions) return
      Object.assign(job, progress)
      changed()
    })
  }

  open()
  return {
    /** Newest first. */
    sorted: () => [...jobs.values()].sort((one, other) => other.createdAt - one.createdAt),
  }
}

/**
 * Follows the files of one job until it is over or `close()`. `restarted()` is called where the list begins anew, and
 * `packed(files)` with some that are finished.
 */
export function followFiles(id, { restarted, packed }) {
  const source = new EventSource(`api/jobs/${id}/events`)
  let waiting = []
  source.addEventListener('$ready', ({ data }) => {
    if (!JSON.parse(data).resumed) restarted()
  })
  source.addEventListener('file', ({ data }) => {
    // Thousands may come at once: they are drawn together.
    if (waiting.length === 0) requestAnimationFrame(deliver)
    waiting.push(JSON.parse(data))
  })
  source.addEventListener('$end', () => source.close())

  function deliver() {
    const files = waiting
    waiting = []
    packed(files)
  }

  return { close: () => source.close() }
}
