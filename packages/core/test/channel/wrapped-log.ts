import { createMemoryLog, type EventLog, type ReadOptions, type ReadResult } from '@rivulet/core'

type Read = (channel: string, options: ReadOptions) => Promise<ReadResult>

/** A log in memory that reads in another way. */
export function wrapRead(makeRead: (read: Read) => Read): EventLog {
  const inner = createMemoryLog()
  return {
    append: (...args) => inner.append(...args),
    read: makeRead((...args) => inner.read(...args)),
    tail: (...args) => inner.tail(...args),
    configure: (...args) => inner.configure(...args),
    delete: (...args) => inner.delete(...args),
    close: () => inner.close(),
  }
}
