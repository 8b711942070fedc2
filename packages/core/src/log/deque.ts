/**
 * A queue over an array: push at the end, shift at the front, both without moving the rest, and access by distance from the
 * front.
 */
export class Deque<T> {
  #items: (T | undefined)[] = []
  #start = 0

  get length(): number {
    return this.#items.length - this.#start
  }

  push(item: T): void {
    this.#items.push(item)
  }

  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index]
  }

  shift(): T | undefined {
    const item = this.#items[this.#start]
    if (item === undefined) return undefined
    this.#items[this.#start] = undefined
    this.#start += 1
    // Moved down once the dead half is the larger: each item is moved at most once on average.
    if (this.#start > 64 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
    return item
  }

  /** Items from index `from` up to and without `to`. */
  slice(from: number, to: number): T[] {
    const items: T[] = []
    for (let index = Math.max(from, 0); index < Math.min(to, this.length); index += 1) {
      const item = this.at(index)
      if (item !== undefined) items.push(item)
    }
    return items
  }
}
