import { join } from 'node:path'
import type { Job, PackedFile, Progress } from './events.js'
import { findFiles } from './folders.js'
import { endingOf, packFile } from './pack-file.js'

/** How often pages are told how far a job is, in milliseconds. */
const progressEveryMs = 200

export interface Work {
  readonly job: Job
  /** What is read, and where to write to. */
  readonly from: string
  readonly to: string
  /** A folder that is never read: that of the output. */
  readonly except: string
  /** What was finished before the server was restarted, by name. */
  readonly finished: ReadonlyMap<string, PackedFile>
  readonly signal: AbortSignal
  /** The folder was looked through, and `job` says how much there is. */
  readonly begun: () => Promise<void>
  readonly progressed: (progress: Progress) => void
  /** Called with each file when it is finished, and waited for. */
  readonly packed: (file: PackedFile) => Promise<void>
}

/** Your own job goes here: replace what follows `begun()`, and call `progressed()` as it goes. */
export async function runJob({ job, signal, finished, ...work }: Work): Promise<void> {
  const files = await findFiles(work.from, work.except)
  signal.throwIfAborted()
  const isDone = ({ name, bytes, modifiedAt }: (typeof files)[number]) => {
    const before = finished.get(name)
    // What has changed meanwhile is done again.
    return before?.bytes === bytes && before.modifiedAt === modifiedAt
  }
  const done = files.filter(isDone)
  job.totalFiles = files.length
  job.totalBytes = sum(files.map(({ bytes }) => bytes))
  job.doneFiles = done.length
  job.doneBytes = sum(done.map(({ bytes }) => bytes))
  job.packedBytes = sum(done.map(({ name }) => finished.get(name)?.packedBytes ?? 0))
  await work.begun()

  const begin = { at: Date.now(), bytes: job.doneBytes }
  let toldAt = 0
  for (const file of files.filter((found) => !isDone(found))) {
    const onRead = (bytes: number) => {
      job.doneBytes += bytes
      const now = Date.now()
      job.bytesPerSecond = Math.round(((job.doneBytes - begin.bytes) / Math.max(1, now - begin.at)) * 1_000)
      if (now - toldAt < progressEveryMs) return
      toldAt = now
      const { id, doneFiles, doneBytes, packedBytes, bytesPerSecond, interruptions } = job
      work.progressed({
        id,
        doneFiles,
        doneBytes,
        packedBytes,
        bytesPerSecond,
        interruptions,
        file: file.name,
      })
    }
    const target = join(work.to, file.name + endingOf(job.method))
    const packed = await packFile(file, target, { method: job.method, signal, onRead })
    // A file that has grown or shrunk since the folder was looked through.
    job.totalBytes += packed.bytes - file.bytes
    job.doneFiles += 1
    job.packedBytes += packed.packedBytes
    await work.packed(packed)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
