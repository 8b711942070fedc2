import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Pace } from './pace.ts'
import { SpareTime } from './spare-time.ts'

/** How long others wait for a disk that was slow again and again, or for very long. */
const restMs = 1_000

/**
 * Waits for the disk: what SQLite's `synchronous = FULL` does at the end of each commit is to sync the WAL, and so does this, in a thread of
 * libuv's unless this one has nothing else to do and the disk is quick. One sync is for all commits before it. On macOS it is `F_FULLFSYNC`,
 * on Windows `FlushFileBuffers`, which wants a descriptor that may write.
 *
 * SQLite has no locks on a WAL that closing this descriptor could release, as it would those of the file itself.
 */
export class WalSync {
  readonly #descriptor: number
  readonly #folder: string
  readonly #spareTime: SpareTime
  readonly #pace: Pace
  #isFolderSynced = false
  #underWayCount = 0
  #isClosed = false

  /**
   * @param file Of a connection that is open: its WAL stays for as long.
   * @param now A clock in milliseconds.
   */
  constructor(file: string, now: () => number) {
    this.#descriptor = openSync(`${file}-wal`, 'r+')
    this.#folder = dirname(file)
    this.#spareTime = new SpareTime(now)
    this.#pace = new Pace(now, restMs)
  }

  /**
   * @returns `null` where it has been done.
   * @throws (rejects) the system's error.
   */
  sync(): Promise<void> | null {
    if (!this.#isFolderSynced || this.#pace.isResting || !this.#spareTime.isThere)
      return this.#syncElsewhere()
    try {
      this.#pace.watch(() => this.#spareTime.spend(() => fdatasyncSync(this.#descriptor)))
      return null
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The descriptor is closed once no sync is under way. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closeUnused()
  }

  async #syncElsewhere(): Promise<void> {
    this.#underWayCount += 1
    try {
      // A new WAL has to be found again too.
      if (!this.#isFolderSynced) await this.#syncFolder()
      await this.#syncData()
    } finally {
      this.#underWayCount -= 1
      this.#closeUnused()
    }
  }

  #syncData(): Promise<void> {
    const stopLooking = this.#spareTime.look()
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => {
        stopLooking()
        if (error === null) resolve()
        else reject(error)
      })
    })
  }

  /** As SQLite does it, which leaves it where it cannot be done: on Windows, or in a folder that may not be read. */
  async #syncFolder(): Promise<void> {
    this.#isFolderSynced = true
    try {
      const folder = await open(this.#folder)
      await folder.sync().finally(() => folder.close())
    } catch {
      // See above.
    }
  }

  #closeUnused(): void {
    if (this.#isClosed && this.#underWayCount === 0) closeSync(this.#descriptor)
  }
}
