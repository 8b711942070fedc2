import type { Request } from '../transport/message.ts'
import { Watch, type WatchOptions } from './watch.ts'
import { isStream, type Watched } from './watched.ts'

/**
 * What a server did with an id that was brought back.
 *
 * - `resumed`: it went on after that id.
 * - `gap`: it knew what the id was, and said that it cannot go on from there (Rivulet's `$gap`).
 * - `finished`: 204, the stream is over for good.
 * - `repeated`: events came again that the client has.
 * - `skipped`: it went on somewhere later.
 * - `refused`: another status than 200 and 204.
 * - `nothing`: nothing came that would tell.
 */
export type ResumeOutcome = 'resumed' | 'gap' | 'finished' | 'repeated' | 'skipped' | 'refused' | 'nothing'

/** What came of bringing an id back, in a header and where needed in the query. */
export interface ResumeEvidence {
  readonly id: string
  readonly viaHeader: ResumeOutcome
  /** `null` where the header had been enough to know. */
  readonly viaQuery: ResumeOutcome | null
  /** The reason of a `gap`, the status of a refusal. */
  readonly detail: string
}

/** What is known of the stream whose id is brought back. */
interface Expectation {
  readonly id: string
  /** The ids that the client had seen, in order. */
  readonly seen: readonly string[]
  readonly isRivulet: boolean
}

/**
 * Comes back as a client that had seen all or, where there is more than one id, all but the last: that one must follow then.
 *
 * @returns `null` where there was no id to bring back.
 */
export async function probeResume(
  main: Watched,
  request: Request,
  isRivulet: boolean,
  options: WatchOptions,
): Promise<ResumeEvidence | null> {
  const expectation = expectationOf(main, isRivulet)
  if (expectation === null) return null
  const { id } = expectation
  const waitMs = Math.max(2_000, 3 * ((main.head?.at ?? 0) - main.requestedAt))
  const base = { ...request, url: main.url }
  const withHeader = { ...base, headers: { ...request.headers, 'last-event-id': id } }
  const viaHeader = await ask(withHeader, expectation, waitMs, options)
  const isAnswered = ['resumed', 'gap', 'finished', 'refused'].includes(viaHeader.outcome)
  if (isAnswered) return { id, viaHeader: viaHeader.outcome, viaQuery: null, detail: viaHeader.detail }
  const url = new URL(main.url)
  url.searchParams.set('lastEventId', id)
  const { 'last-event-id': _, ...headers } = request.headers
  const viaQuery = await ask({ ...base, url, headers }, expectation, waitMs, options)
  return { id, viaHeader: viaHeader.outcome, viaQuery: viaQuery.outcome, detail: viaQuery.detail }
}

function expectationOf(main: Watched, isRivulet: boolean): Expectation | null {
  const { recording, ending } = main
  const seen = recording.blocks.flatMap(({ kind, id }) => (kind === 'event' && id !== null ? [id] : []))
  const last = recording.lastEventId
  if (last === '') return null
  const isFinished = ending?.how === 'ended'
  const before = seen.at(-2)
  const id = isRivulet || isFinished || before === undefined || before === '' ? last : before
  return { id, seen: [...new Set(seen)], isRivulet }
}

async function ask(
  request: Request,
  expectation: Expectation,
  waitMs: number,
  options: WatchOptions,
): Promise<{ outcome: ResumeOutcome; detail: string }> {
  const watch: Watch = new Watch(request, {
    ...options,
    onChange: () => {
      if (outcomeOf(watch, expectation).outcome !== 'nothing') watch.stop()
    },
  })
  const timer = setTimeout(watch.stop, waitMs)
  await watch.over
  clearTimeout(timer)
  return outcomeOf(watch, expectation)
}

function outcomeOf(watch: Watch, expectation: Expectation): { outcome: ResumeOutcome; detail: string } {
  const status = watch.head?.status
  if (status === undefined) return { outcome: 'nothing', detail: '' }
  if (status === 204) return { outcome: 'finished', detail: '' }
  if (!isStream(watch)) return { outcome: 'refused', detail: String(status) }
  const { events } = watch.recording
  if (expectation.isRivulet) return rivuletOutcome(events)
  const first = events.find(({ id }) => id !== null)?.id
  if (first === undefined || first === null) return { outcome: 'nothing', detail: '' }
  const { id, seen } = expectation
  const next = seen[seen.indexOf(id) + 1]
  if (next === undefined) return { outcome: seen.includes(first) ? 'repeated' : 'nothing', detail: '' }
  if (first === next) return { outcome: 'resumed', detail: '' }
  return { outcome: seen.includes(first) ? 'repeated' : 'skipped', detail: '' }
}

/** Rivulet says it in so many words: `$gap` where it cannot, `$ready` with `resumed`. */
function rivuletOutcome(events: readonly { event: string; data: string }[]): {
  outcome: ResumeOutcome
  detail: string
} {
  const gap = events.find(({ event }) => event === '$gap')
  if (gap !== undefined) return { outcome: 'gap', detail: /"reason":"(\w+)"/.exec(gap.data)?.[1] ?? '' }
  const ready = events.find(({ event }) => event === '$ready')
  if (ready === undefined) return { outcome: 'nothing', detail: '' }
  return { outcome: ready.data.includes('"resumed":true') ? 'resumed' : 'skipped', detail: '' }
}
