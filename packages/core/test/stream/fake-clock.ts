afterEach(() => {
  jest.useRealTimers()
})

/** Time that passes only when a test says so, until the test is over. Sockets go on working: what carries them stays real. */
export function useFakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] })
}

/** Lets time pass, and sockets do their work between what happens then. */
export async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms)
}
