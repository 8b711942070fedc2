const patienceMs = 20_000

/**
 * Waits until something holds that no event tells.
 *
 * @throws (rejects) Error that names what was waited for in vain.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = patienceMs,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
