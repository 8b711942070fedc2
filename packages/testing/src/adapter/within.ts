// Not the globals, which a test may have replaced by fakes.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'

/** Longest that a test waits for one thing. Runners allow at least 5 seconds for a test. */
export const patienceMs = 4_000

/** What a promise gives, or an error that names what did not come in time. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patienceMs} ms for ${what}`)), patienceMs)
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Until something holds that no event tells: looked at once per turn of the event loop. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Lets the event loop go round, so that what is under way can happen if it is going to. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
