/**
 * How a log hears of new entries: one connection, or one timer, for all channels that it follows. Its news may be lost at any
 * time; it makes tails fast, while their reads make them right.
 */
export interface Feed {
  /** Something is followed from now on. Where it throws nothing is, and the next tail asks again. */
  start(): void
  /**
   * Resolves when appends from now on are told of: the tails of the channel read then. Where it rejects it is asked again, with
   * back-off.
   */
  add(channel: string): Promise<void>
  remove(channel: string): void
  /** Called ten times per `checkMs`: see that the connection lives. */
  check(): void
  /** Nothing is followed any more. */
  stop(): void
}
