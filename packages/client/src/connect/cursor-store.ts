/** Where a cursor outlives its page. `sessionStorage` and `localStorage` are such. */
export interface CursorStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): unknown
}

/** The last event id of a connection, kept in a store where there is one. */
export class CursorKeeper {
  readonly #store: CursorStore | undefined
  readonly #key: string
  #id: string

  /** @param given What the caller said, which the store's gives way to. */
  constructor(store: CursorStore | undefined, key: string, given: string | undefined) {
    this.#store = store
    this.#key = key
    this.#id = given ?? quietly(() => store?.getItem(key)) ?? ''
  }

  get id(): string {
    return this.#id
  }

  /** Ids of finished streams, which end in `.end`, are not to be brought again. */
  move(id: string): void {
    if (id !== this.#id && !id.endsWith('.end')) this.#set(id)
  }

  /** Nothing is left to come back to. */
  forget(): void {
    this.#set('')
  }

  #set(id: string): void {
    this.#id = id
    quietly(() => this.#store?.setItem(this.#key, id))
  }
}

/** Storage may be full, or forbidden to the page: the connection lives without. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
