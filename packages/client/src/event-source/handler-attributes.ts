type Handler = ((event: never) => unknown) | null

/**
 * The `on…` attributes of an event target: each is a listener among the others, at the place where it was first set, which may be
 * replaced there and taken away.
 *
 * @see https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes
 */
export class HandlerAttributes {
  readonly #target: EventTarget
  readonly #handlers = new Map<string, Handler>()

  constructor(target: EventTarget) {
    this.#target = target
  }

  get<Of extends Handler>(type: string): Of {
    return (this.#handlers.get(type) ?? null) as Of // what was set for that type
  }

  /** What is no function takes it away, as in browsers. */
  set(type: string, handler: unknown): void {
    const isHandler = typeof handler === 'function'
    if (this.#handlers.has(type)) {
      if (!isHandler) this.#target.removeEventListener(type, this.#call)
    } else if (isHandler) {
      this.#target.addEventListener(type, this.#call)
    }
    if (isHandler) this.#handlers.set(type, handler as Handler)
    else this.#handlers.delete(type)
  }

  readonly #call = (event: Event): void => {
    const handler = this.#handlers.get(event.type) as ((event: Event) => unknown) | null | undefined
    handler?.call(this.#target, event)
  }
}
