/** Lets one thing at a time be done about a name, in the order of the calls. Different names don't wait for each other. */
export class NameTurns {
  /** What was begun last about a name, there until it has ended; never rejects. */
  readonly #last = new Map<string, Promise<void>>()

  async take(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(name)
    const working = before === undefined ? work() : before.then(work)
    const ended = working.catch(() => {})
    this.#last.set(name, ended)
    try {
      await working
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name)
    }
  }

  /** What comes next waits for nothing that was begun before. */
  clear(): void {
    this.#last.clear()
  }
}
