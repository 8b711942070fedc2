import type { Entry } from '@rivulet/core'

let madeCount = 0

/** An entry that differs from all others. */
export function entry(data?: string): Entry {
  madeCount += 1
  const check = madeCount.toString(36).padStart(4, 'z').slice(-4)
  return { v: 1, kind: 'event', data: data ?? `entry ${madeCount}`, topics: [], at: Date.now(), check }
}
