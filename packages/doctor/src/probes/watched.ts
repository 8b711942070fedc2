import type { Recording } from '../recording/recording.ts'
import type { ConnectError, Connection } from '../transport/connect.ts'
import type { Ending, Head } from '../transport/message.ts'

/** Another address that the server sent us to. */
export interface Redirect {
  readonly status: number
  readonly from: URL
  readonly to: string
}

/** How a request went so far. It grows while it is being watched. */
export interface Watched {
  /** Where redirects led. */
  readonly url: URL
  readonly redirects: readonly Redirect[]
  /** When the last request was sent, or its connection failed, by `performance.now()`. */
  readonly requestedAt: number
  readonly connection: Connection | null
  readonly failure: ConnectError | null
  readonly head: Head | null
  readonly recording: Recording
  /** `null` while the response is open, or where we hung up. */
  readonly ending: Ending | null
  /** When we stopped watching. */
  readonly stoppedAt: number
  /** What is wrong with the content coding. */
  readonly codingError: string | null
}

/** When the head came, in milliseconds since the request was sent. */
export function headMs({ head, requestedAt }: Watched): number | null {
  return head === null ? null : head.at - requestedAt
}

/** When the first bytes of the body came, in milliseconds since the request was sent. */
export function firstBytesMs({ recording, requestedAt }: Watched): number | null {
  const [first] = recording.bursts
  return first === undefined ? null : first.from - requestedAt
}

export function watchedMs({ stoppedAt, requestedAt }: Watched): number {
  return stoppedAt - requestedAt
}

/** Whether this is a stream, as clients understand it. */
export function isStream({ head }: Watched): boolean {
  return head !== null && head.status === 200 && mediaTypeOf(head.headers['content-type']) === streamType
}

export const streamType = 'text/event-stream'

/** The events of a recording. */
export type RecordedEvents = Pick<Recording, 'events'>

export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1).join('').trim().toLowerCase()
}

/** The times in which nothing came, in milliseconds: between pieces, and from the last one to the end. */
export function silences({ recording, requestedAt, stoppedAt }: Watched): readonly number[] {
  const { bursts } = recording
  const starts = [requestedAt, ...bursts.map(({ to }) => to)]
  const ends = [...bursts.map(({ from }) => from), stoppedAt]
  return starts.map((start, index) => (ends[index] ?? start) - start)
}
