import { append } from '../file/append.ts'
import type { Driver } from '../file/driver/driver.ts'
import { findDriver } from '../file/driver/find-driver.ts'
import { asFailure, type Failure } from '../file/failure.ts'
import { OwnEntries } from '../file/own-entries.ts'
import {
  type AppendRequest,
  type AppendResult,
  fieldCount,
  type OpenedFile,
  type WorkerRequest,
} from '../file/protocol.ts'
import { FileWriter } from './file-writer.ts'
import { Pace } from './pace.ts'
import { WalGrowth } from './wal-growth.ts'
import { WalSync } from './wal-sync.ts'

/** Batches of more text take milliseconds whatever the disk does. */
const maxBytes = 256 * 1024
/** How long the worker stores where commits are slow here, or fail. */
const restMs = 10_000
/** Deleted of a channel in one commit, beside as many as were stored. */
const trimmedAtOnce = 64

export interface OwnCommitsOptions {
  readonly file: string
  /** `full`: commits are on the disk only when `synced` has resolved. */
  readonly synchronous: 'full' | 'normal'
  /** Has the worker do something that nobody waits for. */
  tell(request: WorkerRequest): void
  /** A clock in milliseconds. */
  now(): number
}

/** A batch that was committed. */
export interface OwnCommit {
  readonly result: AppendResult
  /** Resolves when it is on the disk; `null` where nobody waits for that. */
  readonly synced: Promise<void> | null
}

/**
 * Commits batches in the publishers' thread for as long as that is quick. Everything else is left to the worker: to open and recover the file, to wait
 * for a lock, to say what is wrong with the file, and to store while the disk is slow.
 */
export class OwnCommits {
  readonly entries = new OwnEntries()
  readonly #options: OwnCommitsOptions
  readonly #pace: Pace
  readonly #growth = new WalGrowth()
  #driver: Driver | null = null
  #isLoading = false
  #opened: OpenedFile | null = null
  #writer: FileWriter | null = null
  #walSync: WalSync | null = null

  constructor(options: OwnCommitsOptions) {
    this.#options = options
    this.#pace = new Pace(() => options.now(), restMs)
  }

  /** The worker has opened a file. */
  opened(opened: OpenedFile): void {
    if (opened.identity !== this.#opened?.identity) this.#close()
    this.#opened = opened
    this.entries.begin(opened.count)
  }

  /** The worker has made a checkpoint. */
  checkpointed(wal: 'restarted' | 'growing'): void {
    this.#growth.checkpointed(wal)
  }

  /** @returns `null` where nothing was stored, and the worker is to store the batch. */
  commit(request: AppendRequest): OwnCommit | null {
    const writer = this.#ready(request)
    if (writer === null) return null
    const deletedAtMost = trimmedAtOnce + request.fields.length / fieldCount
    let appended: ReturnType<typeof append>
    try {
      appended = this.#pace.watch(() =>
        writer.write((queries, channels) =>
          append(queries, request, { trimmedAtOnce: deletedAtMost, channels }),
        ),
      )
    } catch (error) {
      this.#take(asFailure(error))
      return null
    }
    const { result, numbers, untidy } = appended
    if (numbers !== undefined) this.entries.add(numbers)
    for (const channel of untidy) this.#options.tell({ do: 'tidy', channel })
    if (this.#growth.add(request)) this.#options.tell({ do: 'checkpoint' })
    return { result, synced: this.#walSync?.sync() ?? null }
  }

  /** Leaves it to the worker for a while: the disk has failed or hangs. */
  rest(): void {
    this.#close()
    this.#pace.rest()
  }

  /** Lets go of the file, until the worker opens one. */
  close(): void {
    this.#opened = null
    this.#close()
  }

  #ready({ bytes }: AppendRequest): FileWriter | null {
    if (this.#opened === null || bytes > maxBytes || this.#pace.isResting) return null
    // The batch is the worker's then, behind that.
    if (this.#growth.takeRestart()) {
      this.#options.tell({ do: 'restartWal' })
      return null
    }
    this.#writer ??= this.#open(this.#opened)
    return this.#writer
  }

  #open(opened: OpenedFile): FileWriter | null {
    if (this.#driver === null) {
      this.#load()
      return null
    }
    // Two libraries would take away each other's locks.
    if (this.#driver.name !== opened.driver) return null
    const { file, synchronous } = this.#options
    try {
      const writer = new FileWriter(this.#driver, file, opened.identity)
      this.#writer = writer
      if (synchronous === 'full') this.#walSync = new WalSync(file, () => this.#options.now())
      return writer
    } catch (error) {
      this.#take(asFailure(error))
      return null
    }
  }

  #load(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    findDriver().then(
      (driver) => {
        this.#driver = driver
      },
      () => {
        // The worker has none either, and says so to whoever wants something.
      },
    )
  }

  /** Nothing was stored. What is wrong the worker finds too, and says it in its answer. */
  #take({ isPassing, code }: Failure): void {
    if (isPassing) return
    this.#close()
    // The worker opens the file that is there now.
    if (code !== 'FILE_REPLACED') this.#pace.rest()
  }

  #close(): void {
    this.#walSync?.close()
    this.#walSync = null
    const writer = this.#writer
    this.#writer = null
    writer?.close()
  }
}
