import type { EventLog, Position, StoredEntry } from '@rivulet/core'

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

/** Follows a channel from its head on. */
export async function listen(log: EventLog, channel: string): Promise<Listener> {
  const { after } = await log.read(channel, { after: 'head', limit: 0 })
  return new Listener(log, channel, after)
}
