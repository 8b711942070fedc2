/** One command: its name and its arguments. */
export type Command = readonly [name: string, ...args: string[]]

/** What subscribers call. */
export interface SubscriberEvents {
  message(name: string, text: string): void
  /**
   * Connected, anew or for the first time, and subscribed to these names, or to all names that were acknowledged before: what
   * was published meanwhile was missed.
   */
  ready(names?: Iterable<string>): void
  /** Not all is heard now; of these names or of all. */
  error(error: unknown, names?: Iterable<string>): void
}

/**
 * What follows all channels of a log. Reconnects by itself, with jittered back-off, for ever. About one name it is asked one thing
 * at a time.
 */
export interface Subscriber {
  /** Resolves when the server has acknowledged. Rejects when the connection was lost meanwhile: ask again. */
  subscribe(name: string): Promise<void>
  unsubscribe(name: string): Promise<void>
  /** Makes sure that the connection is alive; one that is not is given up and made anew. */
  ping(): void
  close(): void
}

/** What differs between the client libraries. */
export interface Driver {
  /** In front of every published name: what the client puts in front of keys, and the database, which names do not have. */
  readonly scope: string
  /** `SPUBLISH`: of one slot of a cluster; the scripts publish otherwise where the server doesn't know it. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH'
  /**
   * Sends a command on the user's client; those of one key are sent in the order of the calls. What could not be sent in time is
   * not sent later either: the promise rejects.
   */
  command(command: Command, key: string): Promise<unknown>
  openSubscriber(events: SubscriberEvents): Subscriber
  /** Tells of the client's own errors, for the cause of a command that is never answered. Gives a function that stops it. */
  watchErrors(onError: (error: unknown) => void): () => void
}

/** No answer to a ping for that long: the connection is dead. */
export const silenceMs = 10_000
