import { JetStreamApiError } from '@nats-io/jetstream'

/** What a cluster says that has no leader just now. */
const notNow = [10008, 10009]

/** Whether it is as well asked again: nothing was answered, or that there is nobody to answer yet. */
export function isPassing(error: unknown): boolean {
  // By its name: it may come from another copy of the client.
  if (error instanceof Error && error.name === 'TimeoutError') return true
  return error instanceof JetStreamApiError && notNow.includes(error.code)
}
