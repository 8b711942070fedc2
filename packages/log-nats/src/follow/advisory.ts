import { areOfOneChannel } from '../stream/stream-names.ts'

/** What the server tells of a stream. */
export interface Advisory {
  readonly kind: 'DELETED' | 'UPDATED'
  readonly stream: string
}

/** Whether it says that `followed` is gone, or that its channel has another stream now. */
export function concerns({ kind, stream }: Advisory, followed: string): boolean {
  if (kind === 'DELETED') return stream === followed
  return stream !== followed && areOfOneChannel(stream, followed)
}
