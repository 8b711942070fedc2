/**
 * What a history can have wrong.
 *
 * - `hole`: an event is missing between two that came, or at the end of a connection that is still open.
 * - `unannounced gap`: a connection went on somewhere else than where its client was, and no `$gap` said so.
 * - `duplicate`, `reordering`: an event came twice, or after a later one.
 * - `false gap`: told though nothing could be missing, or with a wrong count.
 * - `never published`, `outside of the topics`: nobody should have got this event, or not this client.
 * - `wrong cursor`: an id that resumes somewhere else than behind what the client has.
 * - `wrong opening`: not in the order `$gap`, snapshot, `$ready`, events. `silence`: no `$ready` at all.
 * - `false end`: `$end` of a channel that was not ended.
 */
export type Fault =
  | 'hole'
  | 'unannounced gap'
  | 'duplicate'
  | 'reordering'
  | 'false gap'
  | 'never published'
  | 'outside of the topics'
  | 'wrong cursor'
  | 'wrong opening'
  | 'silence'
  | 'false end'

/** What came of a check: every client got every event once, in order, or was told; or the first thing that was wrong. */
export type Verdict =
  | { readonly verdict: 'exact' }
  | {
      readonly verdict: Fault
      /** Which client, and in which of its connections, counted from 1. */
      readonly client: string
      readonly connection: number
      /** A sentence that says where and what. */
      readonly message: string
    }

/** Carries a fault out of the middle of a check. */
export class FaultFound {
  readonly fault: Fault
  readonly what: string

  constructor(fault: Fault, what: string) {
    this.fault = fault
    this.what = what
  }
}
