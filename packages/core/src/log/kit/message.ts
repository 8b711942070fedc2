import type { StoredEntry } from '../event-log.ts'

/** A new entry of a channel, as a log hears of it beside its reads. May be lost, late or twice. */
export interface LogMessage {
  readonly epoch: string
  readonly offset: number
  /** Check of the entry before, which the follower must have come to; `null` where the sender does not know it. */
  readonly previous: string | null
  /** `null` where there is nothing in it that can be delivered: who follows looks for itself. */
  readonly entry: StoredEntry | null
}
