/** Functions that hear events: those of one type, or all. */
export class Listeners<Event extends { readonly event: string }> {
  readonly #entries = new Set<{ readonly type: string | null; readonly listener: (event: Event) => void }>()

  /** @param type `null`: all. @returns stops it */
  add(type: string | null, listener: (event: Event) => void): () => void {
    const entry = { type, listener }
    this.#entries.add(entry)
    return () => this.#entries.delete(entry)
  }

  /** In the order in which they were added. */
  tell(event: Event): void {
    for (const { type, listener } of [...this.#entries]) {
      if (type !== null && type !== event.event) continue
      try {
        listener(event)
      } catch (error) {
        // That is its own affair, as with a browser's events: it is reported, and nothing else stops.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
