import { unbuildable } from './unbuildable.ts'

/** Those that `fetch` has. Of all others browsers say that the network is broken, which another try would not mend. */
const schemes = /^(?:https?|blob|data):/

/** The global `fetch`, looked up with each call, so that instruments that replace it later are used. */
export function webFetch(url: string, init: RequestInit): Promise<Response> {
  if (!schemes.test(url)) throw unbuildable(url)
  return fetch(url, init)
}
