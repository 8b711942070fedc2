import { type Deliverable, fanOut, type Outcome } from '../../src/channel/fan-out.ts'

/** Is served so many times, with these outcomes. */
class Reader implements Deliverable {
  isQueued = false
  readonly #name: string
  readonly #outcomes: Outcome[]
  readonly #served: string[]

  constructor(name: string, outcomes: Outcome[], served: string[]) {
    this.#name = name
    this.#outcomes = outcomes
    this.#served = served
  }

  deliver(): Outcome {
    this.#served.push(this.#name)
    return this.#outcomes.shift() ?? 'done'
  }
}

async function served(...readers: [name: string, outcomes: Outcome[]][]): Promise<string> {
  const order: string[] = []
  for (const [name, outcomes] of readers) fanOut.enqueue(new Reader(name, outcomes, order))
  await new Promise<void>((resolve) => fanOut.onceIdle(resolve))
  return order.join('')
}

test('who has more has its next turn behind the others', async () => {
  expect(await served(['a', ['more', 'more']], ['b', []], ['c', ['more']])).toBe('abcaca')
})

test('who was interrupted goes on before the others', async () => {
  expect(await served(['a', []], ['b', ['interrupted', 'interrupted', 'more']], ['c', []])).toBe('abbbcb')
})
