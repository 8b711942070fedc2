import { type Channel, createChannel, type EventLog } from '@rivulet/core'
import { createHistory, type History } from '@rivulet/testing'
import type { ChaosEngine, OpenedLog, OpenLog } from './chaos-engine.ts'
import { readAll } from './read-all.ts'
import { ServerProcess } from './server-process.ts'
import { WanderingClient } from './wandering-client.ts'

export interface ChaosOptions {
  readonly engine: ChaosEngine
  /** Path of the engine's `open-log.mjs`, which is loaded here and in each process. */
  readonly openLogFile: string
  readonly durationMs: number
  readonly clientCount: number
}

/** What a run came to, beside being exact. */
export interface ChaosReport {
  readonly acknowledged: number
  readonly rejected: number
  readonly connects: number
  readonly deeds: readonly string[]
}

const channelName = 'chaos'
const publisherCount = 2
const eventsPerSecond = 50
/** How long an engine or a process is gone. */
const downMs = 1_000
/** A process is frozen for that part of the run: 10 s of 60. */
const frozenPart = 1 / 6
const dropEveryMs = 250
/** Part of the clients that leave each time. */
const dropPart = 0.05
const lastEventsWithinMs = 60_000

/**
 * Four server processes over one log, clients that wander among them, two publishers, and everything that can go wrong: each
 * process killed and started again, one frozen, the engine killed and restarted, its connections cut.
 *
 * @throws Error where the history is not exact, or an acknowledged event is not in the log.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const run = new ChaosRun(options)
  try {
    return await run.run()
  } finally {
    await run.dispose()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #history: History = createHistory()
  readonly #servers: ServerProcess[] = []
  readonly #opened: OpenedLog[] = []
  readonly #channels: Channel[] = []
  readonly #publishing = new Set<Promise<void>>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #deeds: string[] = []
  #clients: readonly WanderingClient[] = []
  #acknowledged = 0
  #rejected = 0

  constructor(options: ChaosOptions) {
    this.#options = options
  }

  async run(): Promise<ChaosReport> {
    await this.#start()
    await this.#wreak()
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    await Promise.all(this.#publishing)
    await this.#finish()
    const log = await this.#open()
    this.#history.settled(channelName, await readAll(log, channelName))
    this.#history.assertExact()
    return {
      acknowledged: this.#acknowledged,
      rejected: this.#rejected,
      connects: this.#clients.reduce((sum, { connects }) => sum + connects, 0),
      deeds: this.#deeds,
    }
  }

  async dispose(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const client of this.#clients) client.close()
    for (const server of this.#servers) {
      server.continue()
      await server.kill()
    }
    for (const channel of this.#channels) channel.close()
    for (const { close } of this.#opened) await close()
    await this.#options.engine.dispose()
  }

  async #start(): Promise<void> {
    const { engine, openLogFile, clientCount } = this.#options
    for (let index = 0; index < publisherCount; index += 1) {
      this.#channels.push(createChannel(channelName, { log: await this.#open() }))
    }
    for (const framework of ['express', 'fastify', 'express', 'fastify'] as const) {
      const settings = { framework, openLogFile, engine: engine.settings, channelName }
      this.#servers.push(await ServerProcess.start(settings))
    }
    const ports = this.#servers.map(({ port }) => port)
    this.#clients = Array.from(
      { length: clientCount },
      (_each, index) => new WanderingClient(this.#history.client(`client ${index}`), channelName, ports),
    )
    const everyMs = (1_000 * publisherCount) / eventsPerSecond
    for (const [index, channel] of this.#channels.entries()) {
      let count = 0
      const publish = () => {
        count += 1
        const publishing: Promise<void> = this.#publish(channel, { publisher: index, n: count })
          .then(() => {})
          .finally(() => this.#publishing.delete(publishing))
        this.#publishing.add(publishing)
      }
      this.#timers.push(setInterval(publish, everyMs))
    }
    const drop = () => {
      for (const client of this.#clients) if (Math.random() < dropPart) client.drop()
    }
    this.#timers.push(setInterval(drop, dropEveryMs))
  }

  /** Every bad thing in turn, spread over the time. */
  async #wreak(): Promise<void> {
    const { engine, durationMs } = this.#options
    const [one, two, three, four] = this.#servers
    const { crash, cut } = engine
    const crashEngine = crash === undefined ? [] : [() => this.#crash(crash)]
    const cutEngine = cut === undefined ? [] : [() => this.#do('cut the connections', () => cut.call(engine))]
    const deeds = [
      () => this.#restart(one),
      ...crashEngine,
      ...cutEngine,
      () => this.#restart(two),
      () => this.#freeze(three, durationMs * frozenPart),
      ...cutEngine,
      () => this.#restart(four),
      ...crashEngine,
      () => this.#restart(three),
    ]
    const pauseMs = (durationMs * (1 - frozenPart)) / (deeds.length + 1)
    for (const deed of deeds) {
      const until = performance.now() + pauseMs
      await deed()
      await pause(until - performance.now())
    }
    await pause(pauseMs)
  }

  async #restart(server: ServerProcess | undefined): Promise<void> {
    await this.#do('kill a process', async () => {
      await server?.kill()
      await pause(downMs / 2)
      await server?.start()
    })
  }

  async #crash({ kill, restart }: NonNullable<ChaosEngine['crash']>): Promise<void> {
    await this.#do('kill the engine', async () => {
      await kill()
      await pause(downMs)
      await restart()
    })
  }

  async #freeze(server: ServerProcess | undefined, forMs: number): Promise<void> {
    await this.#do('freeze a process', async () => {
      server?.freeze()
      await pause(forMs)
      server?.continue()
    })
  }

  async #do(name: string, deed: () => Promise<void>): Promise<void> {
    this.#deeds.push(name)
    await deed()
  }

  /** The last event must arrive everywhere. */
  async #finish(): Promise<void> {
    const deadline = performance.now() + lastEventsWithinMs
    // One that has never been let in would begin behind the last event.
    while (this.#clients.some(({ record }) => record.lastEventId === null)) {
      if (performance.now() > deadline) throw new Error('Some clients were never let in.')
      await pause(50)
    }
    let last: string | null = null
    for (const [index, channel] of this.#channels.entries()) {
      for (let attempt = 1; attempt <= 10; attempt += 1) {
        const data = { publisher: index, last: attempt }
        if (await this.#publish(channel, data)) {
          last = JSON.stringify(data)
          break
        }
      }
    }
    if (last === null) throw new Error('Nothing could be published in the end.')
    while (this.#clients.some(({ newest }) => newest !== last)) {
      if (performance.now() > deadline) throw new Error(this.#describeLate(last))
      await pause(50)
    }
    for (const { record, refusals } of this.#clients) {
      if (refusals.length > 0) throw new Error(`${record.name} was answered ${refusals.join(', ')}.`)
    }
  }

  #describeLate(last: string): string {
    const late = this.#clients.filter(({ newest }) => newest !== last)
    const examples = late.slice(0, 5).map(({ record, newest }) => `${record.name} has ${newest}`)
    return `After ${lastEventsWithinMs} ms ${late.length} of ${this.#clients.length} clients lack ${last}: ${examples.join('; ')}.`
  }

  async #publish(channel: Channel, data: object): Promise<boolean> {
    try {
      await this.#history.publish(channel, { event: 'tick', data })
      this.#acknowledged += 1
      return true
    } catch {
      this.#rejected += 1 // It may or may not be stored, which the log says in the end.
      return false
    }
  }

  async #open(): Promise<EventLog> {
    const { openLog } = (await import(this.#options.openLogFile)) as OpenLog // what its interface says
    const opened = await openLog(this.#options.engine.settings)
    this.#opened.push(opened)
    return opened.log
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
