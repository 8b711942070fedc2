/** How much longer than `answerMs` to wait for an answer: the worker tells why there is none, unless the disk hangs. */
export const graceMs = 500

export function lateError(answerMs: number): Error {
  return Object.assign(new Error(`no answer within ${answerMs} ms`), { code: 'LATE' })
}
