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
    const note: unknown = Reflect.get(owner, this.#key)
    return note as Note | undefined // only `set` has the symbol
  }

  set(owner: Owner, note: Note | undefined): void {
    Reflect.set(owner, this.#key, note)
  }
}
