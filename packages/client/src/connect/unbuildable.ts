import { ClientError } from '../client-error.ts'

/** Of a request that would be refused each time. */
export function unbuildable(cause: unknown): ClientError {
  return new ClientError('ERR_SSE_CLIENT_OPTION', `No such request can be made: ${cause}`, { cause })
}
