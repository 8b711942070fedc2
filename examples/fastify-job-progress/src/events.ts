/** What goes over the streams. The page gets all of it, so put nothing secret into it. */

export const methods = ['brotli', 'gzip'] as const
export type Method = (typeof methods)[number]

export interface Job {
  readonly id: string
  /** Name of the folder, as it is offered. */
  readonly folder: string
  readonly method: Method
  state: 'queued' | 'running' | 'done' | 'cancelled' | 'failed'
  /** In milliseconds since 1970, as all times here. */
  readonly createdAt: number
  finishedAt: number | null
  /** Files and bytes that there are to do; 0 until the folder was looked through. */
  totalFiles: number
  totalBytes: number
  doneFiles: number
  /** Bytes read, those of a file that is not finished included. */
  doneBytes: number
  /** Bytes written, of finished files. */
  packedBytes: number
  bytesPerSecond: number
  /** How often the server ended while the job was running. It went on with the file that it had been at. */
  interruptions: number
  /** Why it failed, in words for a person. */
  error: string | null
}

/** How far a job is: a few times a second while it runs. */
export interface Progress
  extends Pick<Job, 'id' | 'doneFiles' | 'doneBytes' | 'packedBytes' | 'bytesPerSecond' | 'interruptions'> {
  /** The file that is being packed. */
  readonly file: string
}

/** A file that is finished. */
export interface PackedFile {
  /** Path inside of the folder, with `/`. */
  readonly name: string
  readonly bytes: number
  readonly packedBytes: number
  /** Of what was read, in hexadecimal. */
  readonly sha256: string
  /** When the file that was read had been changed last. */
  readonly modifiedAt: number
}

/** The channel `jobs`: each job, whole, whenever its state changes. */
export type JobEvents = {
  /** All that there are. The first event for a page that is new. */
  jobs: { jobs: Job[] }
  job: Job
  'job.removed': { id: string }
}
/** The channel `progress`, for all jobs. */
export type ProgressEvents = { progress: Progress }
/** The channel of one job: each file that is finished, then the end. */
export type FileEvents = { file: PackedFile }
