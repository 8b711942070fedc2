import type { Entry, EventLog, Position, StoredEntry } from '@rivulet/core'

let madeCount = 0

/** An entry that differs from all others. */
export function entry(data?: string, fields: Partial<Entry> = {}): Entry {
  madeCount += 1
  const check = madeCount.toString(36).padStart(4, 'z').slice(-4)
  const text = data ?? `entry ${madeCount}`
  return { v: 1, kind: 'event', data: text, topics: [], at: Date.now(), check, ...fields }
}

/** Appends so many, one after the other. */
export async function append(log: EventLog, channel: string, count: number): Promise<Position[]> {
  const positions: Position[] = []
  for (let made = 0; made < count; made += 1) positions.push(await log.append(channel, entry()))
  return positions
}

/** One tail, and what it has brought. */
export class Listener {
  readonly entries: StoredEntry[] = []
  readonly resets: Position[] = []
  readonly errors: unknown[] = []
  readonly ended: Promise<void>
  readonly #controller = new AbortController()
  readonly #wakes = new Set<() => void>()

  constructor(log: EventLog, channel: string, after: Position) {
    const noting =
      <T>(note: (what: T) => void) =>
      (what: T) => {
        note(what)
        for (const wake of this.#wakes) wake()
      }
    this.ended = log.tail(
      channel,
      { after, signal: this.#controller.signal },
      {
        entries: noting((batch: readonly StoredEntry[]) => this.entries.push(...batch)),
        reset: noting((position: Position) => this.resets.push(position)),
        error: noting((error: unknown) => this.errors.push(error)),
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
        const wake = () => {
          this.#wakes.delete(wake)
          resolve()
        }
        this.#wakes.add(wake)
      })
    }
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.ended
  }
}

/** Follows a channel from its head on; what is appended at once may come by reading. */
export async function followFromHead(log: EventLog, channel: string): Promise<Listener> {
  const { after } = await log.read(channel, { after: 'head', limit: 0 })
  return new Listener(log, channel, after)
}

/** Follows a channel from its head on, and has made sure of it. */
export async function listen(log: EventLog, channel: string): Promise<Listener> {
  const listener = await followFromHead(log, channel)
  await log.append(channel, entry('first'))
  await listener.until(({ entries }) => entries.length === 1)
  return listener
}

/** Asks again until something holds; the test's own time limit ends the waiting. */
export async function eventually<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
