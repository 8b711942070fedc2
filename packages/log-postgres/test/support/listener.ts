import type { Entry, EventLog, Position, StoredEntry } from '@rivulet/core'

let madeCount = 0

/** An entry that differs from all others. */
export function entry(data?: string): Entry {
  madeCount += 1
  const check = madeCount.toString(36).padStart(4, 'z').slice(-4)
  return { v: 1, kind: 'event', data: data ?? `entry ${madeCount}`, topics: [], at: Date.now(), check }
}

/** One tail, and what it has brought. */
export class Listener {
  readonly entries: StoredEntry[] = []
  readonly resets: Position[] = []
  readonly errors: unknown[] = []
  readonly ended: Promise<void>
  readonly #controller = new AbortController()
  #wake = () => {}

  constructor(log: EventLog, channel: string, after: Position) {
    this.ended = log.tail(
      channel,
      { after, signal: this.#controller.signal },
      {
        entries: (batch) => {
          this.entries.push(...batch)
          this.#wake()
        },
        reset: (position) => {
          this.resets.push(position)
          this.#wake()
        },
        error: (error) => {
          this.errors.push(error)
          this.#wake()
        },
      },
    )
  }

  get data(): string[] {
    return this.entries.map(({ data }) => data)
  }

  /** Resolves when it holds, looked at whenever something comes; the test's own time limit ends the waiting. */
  async until(holds: (listener: Listener) => boolean): Promise<void> {
    while (!holds(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.ended
  }
}

/** Follows a channel from its head on, and has made sure of it: what is appended from now on comes by message. */
export async function listen(log: EventLog, channel: string): Promise<Listener> {
  const { after } = await log.read(channel, { after: 'head', limit: 0 })
  const listener = new Listener(log, channel, after)
  const first = entry('first')
  await log.append(channel, first)
  await listener.until(({ entries }) => entries.length === 1)
  return listener
}
