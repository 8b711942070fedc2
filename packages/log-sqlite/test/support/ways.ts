import type { EventLog } from '@rivulet/core'
import { entry } from '../../../../test/support/log-listener.ts'
import { OwnCommits } from '../../src/own/own-commits.ts'
import { StorageThread } from '../../src/storage-thread.ts'

/** Which way batches go. Jest restores what it has replaced. */
export class Ways {
  readonly #requests = jest.spyOn(StorageThread.prototype, 'request')

  /** How many batches the worker was given. */
  get toWorker(): number {
    return this.#requests.mock.calls.filter(([request]) => request.do === 'append').length
  }
}

/** Appends to a channel of its own until the publishers' thread commits by itself: not before the worker has opened the file. */
export async function untilOwn(log: EventLog): Promise<void> {
  const commits = jest.spyOn(OwnCommits.prototype, 'commit')
  do await log.append('warming up', entry())
  while (commits.mock.results.at(-1)?.value === null)
  commits.mockRestore()
}
