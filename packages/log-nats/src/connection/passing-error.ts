import { JetStreamApiError } from '@nats-io/jetstream'

/** What a cluster says that has no leader just now. */
const notNow = [10008, 10009]

/** Whether it is as well asked again: nothing was answered, or that there is nobody to answer yet. */
export function isPassing(error: unknown): boolean {
  return isTimeout(error) || (error instanceof JetStreamApiError && notNow.includes(error.code))
}

/** By the name: it may come from another copy of the client, as below. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** Whether nobody listens on the subject that was asked. */
export function isNoResponders(error: unknown): boolean {
  return (
    error instanceof Error &&
    'isNoResponders' in error &&
    typeof error.isNoResponders === 'function' &&
    error.isNoResponders() === true
  )
}
