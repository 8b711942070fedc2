/** Whose log failed and has not been reached since, with the time, by `performance.now()`. */
const interruptions = new Map<{ readonly name: string }, number>()

/** The log of a hub failed. */
export function interrupted(hub: { readonly name: string }): void {
  if (!interruptions.has(hub)) interruptions.set(hub, performance.now())
}

/** It was reached, or nobody waits for it any more. @returns how long it was out of reach in milliseconds; `null`: it was not */
export function recovered(hub: { readonly name: string }): number | null {
  // Asked for whatever a log brings.
  if (interruptions.size === 0) return null
  const since = interruptions.get(hub)
  if (since === undefined) return null
  interruptions.delete(hub)
  return performance.now() - since
}

export interface InterruptedChannel {
  readonly channel: string
  /** Since when, in milliseconds. */
  readonly forMs: number
}

/** The channels of this process that have subscribers and whose log is out of reach now. */
export function interruptedChannels(): InterruptedChannel[] {
  const now = performance.now()
  return [...interruptions].map(([{ name }, since]) => ({ channel: name, forMs: now - since }))
}
