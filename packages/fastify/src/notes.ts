/**
 * Something noted about objects that others own, as a property of theirs: no WeakMap, whose every entry costs the garbage
 * collector. Two `Notes` never see each other's.
 */
export class Notes<Owner extends object, Note> {
  readonly #key: symbol

  /** @param description For who looks at the objects in a debugger. */
  constructor(description: string) {
    this.#key = Symbol(`@rivulet/fastify ${description}`)
  }

  get(owner: Owner): Note | undefined {
    return (owner as Noted<Note>)[this.#key]
  }

  set(owner: Owner, note: Note | undefined): void {
    const noted = owner as Noted<Note>
    noted[this.#key] = note
  }
}

/** Any object, as whoever has the symbol sees it. */
type Noted<Note> = Record<symbol, Note | undefined>
