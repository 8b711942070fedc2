import type { StoredEntry } from '@rivulet/core'
import { backOff, decodeEntry, type Feed, type Follower } from '@rivulet/core/log-kit'
import type { Head, News } from './file/protocol.ts'
import type { StorageThread } from './storage-thread.ts'

/** How many of the follower's checks go by between two looks at all heads: twice within `checkMs`. */
const checksPerLook = 5

/** Has the thread look for what other processes store in the channels that are followed. */
export class NewsFeed implements Feed {
  readonly #thread: StorageThread
  readonly #follower: Follower
  readonly #channels: Set<string>
  #checkCount = 0
  #isLooking = false

  /** @param channels Kept as those that are followed. */
  constructor(thread: StorageThread, follower: Follower, channels: Set<string>) {
    this.#channels = channels
    this.#thread = thread
    this.#follower = follower
  }

  start(): void {
    this.#checkCount = 0
  }

  async add(channel: string): Promise<void> {
    this.#channels.add(channel)
    await this.#thread.request({ do: 'follow', channel })
  }

  remove(channel: string): void {
    this.#channels.delete(channel)
    this.#thread.tell({ do: 'unfollow', channel })
  }

  /** The file may have been rolled back behind what was told: the heads show it. */
  check(): void {
    this.#checkCount += 1
    if (this.#checkCount % checksPerLook !== 0 || this.#isLooking) return
    this.#isLooking = true
    this.#look()
      // Tails that have heard nothing for long read by themselves, and tell what is wrong.
      .catch(() => {})
      .finally(() => {
        this.#isLooking = false
      })
  }

  stop(): void {
    // The thread stops looking with the last channel.
  }

  async #look(): Promise<void> {
    // The thread answers with what it was asked for.
    const heads = (await this.#thread.request({ do: 'heads' })) as readonly Head[]
    for (const { channel, position } of heads) {
      if (position === null) this.#follower.wake(channel)
      else this.#follower.headIs(channel, position)
    }
  }
}

/** What the thread has found. */
export function tellNews(follower: Follower, news: readonly News[]): void {
  for (const { channel, epoch, offset, previous, body } of news) {
    const entry = body === null ? null : entryOf(body, offset)
    follower.take(channel, { epoch, offset, previous, entry })
  }
}

function entryOf(body: string, offset: number): StoredEntry | null {
  try {
    return decodeEntry(body, offset)
  } catch {
    // Anything can be stored in a file. Whoever reads it is told.
    return null
  }
}

/** After the thread was lost: another one is to look for the same channels, and what came meanwhile is read. */
export async function followAgain(
  thread: StorageThread,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    await backOff(attempt, signal)
    try {
      for (const channel of [...follower.channels()]) {
        // It may have been let go of since.
        if (follower.follows(channel)) await thread.request({ do: 'follow', channel }, signal)
      }
      follower.wake()
      return
    } catch (error) {
      follower.fail(error)
    }
  }
}
