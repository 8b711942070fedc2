import { append } from '../file/append.ts'
import {
  beginAnew,
  findChannel,
  findOrCreateChannel,
  saveChannel,
  saveRetention,
} from '../file/channel-row.ts'
import type { Driver } from '../file/driver/driver.ts'
import { asFailure, Failure } from '../file/failure.ts'
import { OwnEntries } from '../file/own-entries.ts'
import type {
  AppendRequest,
  ChannelRequest,
  NumberedRequest,
  ReadRequest,
  WorkerMessage,
  WorkerSettings,
} from '../file/protocol.ts'
import { trim } from '../file/trim.ts'
import { checkpoint } from './checkpoint.ts'
import { Database } from './database.ts'
import { Lane } from './lane.ts'
import { NewsReader } from './news.ts'
import { readPage } from './read.ts'
import { Upkeep } from './upkeep.ts'

/** Every so many looks for news also see whether the file is still the same: that costs as much again. */
const looksPerFileCheck = 10
/** How long to leave it after a look for news has failed. */
const brokenPauseMs = 500

type Answer = (result: unknown) => void

/**
 * Everything that may take long with the file, in a thread of its own: waits for locks and for the disk, reads, checkpoints and upkeep block it,
 * and nothing else. Reads do not wait for writes that wait for a lock.
 */
export class FileWorker {
  readonly #settings: WorkerSettings
  readonly #say: (message: WorkerMessage) => void
  readonly #database: Database
  readonly #news: NewsReader
  readonly #upkeep: Upkeep
  readonly #reads = new Lane()
  readonly #writes = new Lane()
  readonly #upkeepTimer: NodeJS.Timeout
  #pollTimer: NodeJS.Timeout | undefined
  #lookCount = 0
  #seenVersion: number | null = null
  #isBroken = false

  constructor(driver: Driver, settings: WorkerSettings, say: (message: WorkerMessage) => void) {
    this.#settings = settings
    this.#say = say
    const ownEntries = new OwnEntries(settings.ownEntries)
    let openedCount = 0
    this.#database = new Database(driver, settings, (opened) => {
      openedCount = opened.count
      this.#seenVersion = null
      this.#news.forget()
      this.#say({ opened })
    })
    this.#news = new NewsReader(this.#database, () => ownEntries.since(openedCount))
    this.#upkeep = new Upkeep(this.#database, settings.file)
    this.#upkeepTimer = setInterval(() => this.#keepUp(), settings.upkeepMs)
  }

  take({ id, patienceMs, request }: NumberedRequest): void {
    const until = performance.now() + patienceMs
    const answer: Answer = (result) => this.#say({ id, result })
    const job = (work: () => void) => ({
      work,
      until,
      fail: (failure: Failure) => this.#say({ id, failure: plain(failure) }),
    })
    switch (request.do) {
      case 'append':
        this.#writes.add(job(() => this.#append(request, answer)))
        break
      case 'read':
        this.#reads.add(
          job(() => {
            if (!this.#read(request, answer)) this.#writes.add(job(() => this.#mendAndRead(request, answer)))
          }),
        )
        break
      case 'configure':
        this.#writes.add(job(() => this.#configure(request, answer)))
        break
      case 'delete':
        this.#writes.add(job(() => answer(this.#write(() => beginAnew(this.#database, request)))))
        break
      case 'follow':
        this.#reads.add(job(() => this.#follow(request.channel, answer)))
        break
      case 'unfollow':
        // Behind the `follow` that it ends, which may wait still.
        this.#reads.add(job(() => this.#news.unfollow(request.channel)))
        break
      case 'tidy':
        this.#tidyChannel(request.channel)
        break
      case 'checkpoint':
        this.#inTheBackground(() => {
          this.#say({ wal: checkpoint(this.#database, (work) => this.#write(work)) })
        })
        break
      case 'restartWal':
        this.#inTheBackground(() => this.#database.checkpoint('RESTART'))
        break
      case 'heads':
        this.#reads.add(job(() => answer(this.#database.read(() => this.#news.heads()))))
        break
      case 'close':
        this.#close()
        answer(null)
    }
  }

  /** A write; what others have stored before it is told first. */
  #write<T>(work: () => T): T {
    const { result, news } = this.#news.unlessItFails(() =>
      this.#database.write(() => this.#news.around(work)),
    )
    this.#tell(news)
    return result
  }

  #append(request: AppendRequest, answer: Answer): void {
    const { result, untidy } = this.#write(() => append(this.#database, request))
    answer(result)
    for (const channel of untidy) this.#tidyChannel(channel)
  }

  #read(request: ReadRequest, answer: Answer): boolean {
    const read = this.#database.read(() => readPage(this.#database, request))
    if (read === undefined || read.isTorn) return false
    answer(read.page)
    if (read.isUntidy) this.#tidyChannel(request.channel)
    return true
  }

  /** Makes the channel where there is none, and begins it anew where it has lost entries. */
  #mendAndRead(request: ReadRequest, answer: Answer): void {
    const { channel, epoch } = request
    const { isTorn, page } = this.#write(() => {
      findOrCreateChannel(this.#database, request)
      const read = readPage(this.#database, request)
      if (read?.isTorn) beginAnew(this.#database, request)
      return { isTorn: read?.isTorn, page: readPage(this.#database, request)?.page }
    })
    if (isTorn) this.#tell([{ channel, epoch, offset: 0, previous: '0', body: null }])
    answer(page)
  }

  #configure(request: ChannelRequest, answer: Answer): void {
    const isMore = this.#write(() => {
      const row = findOrCreateChannel(this.#database, request)
      row.retention = request.retention
      const isUntidy = trim(this.#database, row)
      saveChannel(this.#database, row)
      saveRetention(this.#database, row)
      return isUntidy
    })
    answer(null)
    if (isMore) this.#tidyChannel(request.channel)
  }

  #follow(channel: string, answer: Answer): void {
    this.#database.read(() => this.#news.follow(channel))
    answer(null)
    this.#pollTimer ??= setTimeout(() => this.#poll(), this.#settings.pollMs)
  }

  #poll(): void {
    this.#pollTimer = undefined
    if (!this.#news.isNeeded) return
    let pauseMs = this.#settings.pollMs
    this.#lookCount += 1
    try {
      if (this.#lookCount % looksPerFileCheck === 0) this.#database.followFile()
      if (this.#database.dataVersion() !== this.#seenVersion) this.#look()
      this.#isBroken = false
    } catch (error) {
      const failure = asFailure(error)
      if (!failure.isPassing) {
        if (!this.#isBroken) this.#say({ broken: plain(failure) })
        this.#isBroken = true
        pauseMs = brokenPauseMs
      }
    }
    this.#pollTimer = setTimeout(() => this.#poll(), pauseMs)
  }

  #look(): void {
    const { version, news } = this.#news.unlessItFails(() =>
      this.#database.read(() => {
        return { version: this.#database.dataVersion(), news: this.#news.collect() }
      }),
    )
    this.#seenVersion = version
    this.#tell(news)
  }

  #tell(news: ReturnType<NewsReader['collect']>): void {
    if (news === null) this.#say({ missed: true })
    else if (news.length > 0) this.#say({ news })
  }

  /** Clears away what was trimmed of a channel, and notes that it is in use. */
  #tidyChannel(channel: string): void {
    this.#inTheBackground(() => {
      const isMore = this.#write(() => {
        const row = findChannel(this.#database, channel)
        if (row === undefined) return false
        const isUntidy = trim(this.#database, row)
        saveChannel(this.#database, row)
        return isUntidy
      })
      if (isMore) this.#tidyChannel(channel)
    })
  }

  #keepUp(): void {
    this.#inTheBackground(() => this.#upkeep.checkpoint())
    this.#tidy()
  }

  #tidy(): void {
    this.#inTheBackground(() => {
      const followed = [...this.#news.channels]
      if (!this.#database.read(() => this.#upkeep.isDue(followed))) return
      const isMore = this.#write(() => this.#upkeep.tidy(followed))
      this.#write(() => this.#upkeep.shrink())
      if (isMore) this.#tidy()
    })
  }

  /**
   * Nobody waits for it, so it waits for no lock while others are behind it. What fails is done with the next upkeep, and those who
   * do want something are told then.
   */
  #inTheBackground(work: () => void): void {
    this.#writes.add({ work, until: 0, fail: () => {} })
  }

  #close(): void {
    clearInterval(this.#upkeepTimer)
    clearTimeout(this.#pollTimer)
    const closed = new Failure('CLOSED', 'the log was closed')
    this.#reads.close(closed)
    this.#writes.close(closed)
    this.#database.close()
  }
}

function plain({ code, message }: Failure): { code: string; message: string } {
  return { code, message }
}
