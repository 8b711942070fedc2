/** Whether nobody listens on the subject that was asked, by the shape of the error: it may come from another copy of the client. */
export function isNoResponders(error: unknown): boolean {
  return (
    error instanceof Error &&
    'isNoResponders' in error &&
    typeof error.isNoResponders === 'function' &&
    error.isNoResponders() === true
  )
}
