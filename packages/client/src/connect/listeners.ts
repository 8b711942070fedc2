/** Functions that hear events: those of one type, or all. */
export class Listeners<Event extends { readonly event: string }> {
  readonly #entries = new Set<{ readonly type: string | null; readonly listener: (event: Event) => void }>()

  /** @param type `null`: all. @returns stops it */
  add(type: string | null, listener: (event: Event) => void): () => void {
    const entry = { type, listener }
    this.#entries.add(entry)
    return () => this.#entries.delete(entry)
  }

  /** In the order in which they were added; not those that one before has stopped. */
  tell(event: Event): void {
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry) || (entry.type !== null && entry.type !== event.event)) continue
      try {
        entry.listener(event)
      } catch (error) {
        // That is its own affair, as with a browser's events: it is reported, and nothing else stops.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
