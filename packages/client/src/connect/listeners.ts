/** Functions by event type. */
export class Listeners<Event extends { readonly event: string }> {
  readonly #byType = new Map<string | null, Set<(event: Event) => void>>()

  /** As with `addEventListener`, a function listens once. @param type `null`: all. @returns stops it */
  add(type: string | null, listener: (event: Event) => void): () => void {
    const listeners = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#byType.get(type) === listeners) this.#byType.delete(type)
    }
  }

  tell(event: Event): void {
    for (const type of [event.event, null]) {
      for (const listener of [...(this.#byType.get(type) ?? [])]) call(() => listener(event))
    }
  }
}

/** What a listener throws is its own affair, as with a browser's events: it is reported, and nothing else stops. */
export function call(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
