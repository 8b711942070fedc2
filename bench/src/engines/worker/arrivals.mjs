import { machineNow } from '../../clock.mjs'

const number = /"n":(\d+)/

/** When each of a number of events arrived, which have to come in order, once, and all of them. */
export class Arrivals {
  #first = 0
  #times = new Float64Array(0)
  #count = 0
  #problem
  #onChange = () => {}

  /** The next are to be so many, the first of which has the number `first`. */
  expect({ first, count }) {
    this.#first = first
    this.#times = new Float64Array(count)
    this.#count = 0
  }

  take(data) {
    const n = Number(number.exec(data)[1])
    const expected = this.#first + this.#count
    if (n !== expected) this.#problem ??= `event ${n} came where ${expected} was expected`
    this.#times[this.#count] = machineNow()
    this.#count += 1
    if (this.#count >= this.#times.length) this.#onChange()
  }

  /** @throws where events are missing, came twice, or came in another order. */
  async all(timeoutMs) {
    if (this.#count < this.#times.length) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#onChange = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const { length } = this.#times
    const problem =
      this.#problem ?? (this.#count === length ? undefined : `${this.#count} of ${length} events arrived`)
    if (problem !== undefined) throw new Error(problem)
    return this.#times
  }
}
