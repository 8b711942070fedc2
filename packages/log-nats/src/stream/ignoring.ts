import { JetStreamApiError } from '@nats-io/jetstream'

/** What is answered, or null where the server says no with this code. */
export async function ignoring<T>(code: number, promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return null
    throw error
  }
}
