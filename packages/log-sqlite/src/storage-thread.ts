import { Worker } from 'node:worker_threads'
import { within } from '@rivulet/core/log-kit'
import type {
  News,
  OpenedFile,
  WorkerFailure,
  WorkerMessage,
  WorkerRequest,
  WorkerSettings,
} from './file/protocol.ts'
import { graceMs, lateError } from './late.ts'
import { workerFile } from './worker-file.ts'

export interface StorageThreadEvents {
  opened(opened: OpenedFile): void
  /** A checkpoint has been made. */
  checkpointed(wal: 'restarted' | 'growing'): void
  news(news: readonly News[]): void
  /** Entries may have been stored that no news told of. */
  missed(): void
  broken(failure: Error): void
  /** The thread ended by itself. The next request starts another, which follows nothing yet. */
  lost(failure: Error): void
}

interface Pending {
  readonly isAppend: boolean
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** The thread that has the file open. It is started by the first request, and keeps the process alive while there are requests. */
export class StorageThread {
  readonly #settings: WorkerSettings
  readonly #answerMs: number
  readonly #events: StorageThreadEvents
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | null = null
  #count = 0
  #appendCount = 0

  constructor(settings: WorkerSettings, answerMs: number, events: StorageThreadEvents) {
    this.#settings = settings
    this.#answerMs = answerMs
    this.#events = events
  }

  /** Whether it has a batch that it has not answered, also where nobody waits for it any more. */
  get isAppending(): boolean {
    return this.#appendCount > 0
  }

  /** @throws (rejects) the thread's failure, or the signal's reason. */
  async request(request: WorkerRequest, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    this.#worker ??= this.#start()
    return within(
      this.#send(this.#worker, request),
      this.#answerMs + graceMs,
      () => lateError(this.#answerMs),
      signal,
    )
  }

  /** Something that has no answer; only where there is a thread. */
  tell(request: WorkerRequest): void {
    this.#worker?.postMessage({ id: 0, patienceMs: 0, request })
  }

  /** Resolves when the file is closed and the thread is gone. */
  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === null) return
    this.#worker = null
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.ref()
    // A thread that hangs in a system call cannot be told anything.
    await within(this.#send(worker, { do: 'close' }), this.#answerMs, () => undefined).catch(() =>
      worker.terminate(),
    )
    await exited
  }

  #start(): Worker {
    const worker = new Worker(workerFile, { workerData: this.#settings, name: 'rivulet-log-sqlite' })
    worker.unref()
    worker.on('message', (message: WorkerMessage) => this.#take(message))
    let failure = new Error('the thread that has the file open has ended')
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#lose(failure)
    })
    return worker
  }

  #lose(failure: Error): void {
    this.#worker = null
    for (const { reject } of this.#pending.values()) reject(failure)
    this.#pending.clear()
    this.#appendCount = 0
    this.#events.lost(failure)
  }

  #send(worker: Worker, request: WorkerRequest): Promise<unknown> {
    this.#count += 1
    const id = this.#count
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) worker.ref()
      const isAppend = request.do === 'append'
      if (isAppend) this.#appendCount += 1
      this.#pending.set(id, { isAppend, resolve, reject })
      worker.postMessage({ id, patienceMs: this.#answerMs, request })
    })
  }

  #take(message: WorkerMessage): void {
    if ('news' in message) this.#events.news(message.news)
    else if ('missed' in message) this.#events.missed()
    else if ('opened' in message) this.#events.opened(message.opened)
    else if ('wal' in message) this.#events.checkpointed(message.wal)
    else if ('broken' in message) this.#events.broken(asError(message.broken))
    else this.#settle(message)
  }

  #settle(message: Extract<WorkerMessage, { readonly id: number }>): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (pending?.isAppend) this.#appendCount -= 1
    if (this.#pending.size === 0) this.#worker?.unref()
    if ('result' in message) pending?.resolve(message.result)
    else pending?.reject(asError(message.failure))
  }
}

function asError({ code, message }: WorkerFailure): Error {
  return Object.assign(new Error(message), { code })
}
