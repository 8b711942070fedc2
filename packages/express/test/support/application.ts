import express5 from 'express'
import express4 from 'express-4'

/** Both majors, in the types of the newer one. */
export const majors: readonly (readonly [name: string, major: 4 | 5, express: typeof express5])[] = [
  ['Express 4', 4, express4 as unknown as typeof express5],
  ['Express 5', 5, express5],
]

/** Something that a handler reaches and a test waits for. */
export class Milestone<T = void> {
  readonly reached: Promise<T>
  #resolve: (value: T) => void = () => {}

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  reach(value: T): void {
    this.#resolve(value)
  }
}
