import type { Position } from '../log/event-log.ts'
import type { EntrySource } from '../log/ring.ts'
import type { RingEntry } from '../log/ring-entry.ts'
import { fanOut } from './fan-out.ts'
import { type LiveMember, LiveMembers } from './live-members.ts'
import { collectRange, frameOf, type SharedRange } from './range.ts'

/** A member of a topic set; `memberIndex` is the set's own note. */
export interface TopicMember extends LiveMember {
  memberIndex: number
}

// Readers that are behind stand at few different offsets; more than that would keep a frame for each of them.
const maxSharedRanges = 16

/** What was made of one source, by the offset that its readers stood at. */
interface SourceRanges {
  readonly source: EntrySource
  readonly head: number
  readonly byOffset: Map<number, SharedRange>
}

/**
 * The subscriptions that listen to the same topics. Being woken, they want the same bytes: those are made once for each
 * offset that some of them stand at.
 */
export class TopicSet<Member extends TopicMember> {
  /** `null`: everything. */
  readonly topics: ReadonlySet<string> | null
  readonly key: string
  readonly members: Member[] = []
  /** Those of them that wait for the next entry. */
  readonly live = new LiveMembers<Member>((ring, from) => this.sharedRange(ring, from))
  /** Of pages, with which they go: readers that come back together ask for them one after the other, with the fan-out idle in between. */
  readonly #ranges = new WeakMap<EntrySource, SourceRanges>()
  /** Of the ring, for which they are of use in one fan-out only. */
  #growing: SourceRanges | undefined

  constructor(key: string, topics: readonly string[] | null) {
    this.key = key
    this.topics = topics === null ? null : new Set(topics)
  }

  add(member: Member): void {
    member.memberIndex = this.members.length
    this.members.push(member)
  }

  remove(member: Member): void {
    const last = this.members.pop()
    if (last === undefined || last === member) return
    this.members[member.memberIndex] = last
    last.memberIndex = member.memberIndex
  }

  readonly accepts = ({ entry }: RingEntry): boolean => {
    const { topics } = this
    if (topics === null) return true
    for (const topic of entry.topics) if (topics.has(topic)) return true
    return false
  }

  /** The same answer for all who ask for the same offset while the source has the same head. */
  sharedRange(source: EntrySource, from: Position): SharedRange {
    const next = source.get(from.offset + 1)
    if (next?.position.offset === source.head && next.entry.kind === 'event' && this.accepts(next)) {
      // The common case, one new entry: its own frame.
      return { frame: next.frame, eventCount: 1, through: next.position, last: next.position }
    }
    let ranges = source.isGrowing ? this.#growing : this.#ranges.get(source)
    if (
      ranges === undefined ||
      ranges.source !== source ||
      ranges.head !== source.head ||
      ranges.byOffset.size === maxSharedRanges
    ) {
      ranges = { source, head: source.head, byOffset: new Map() }
      this.#keep(ranges)
    }
    let range = ranges.byOffset.get(from.offset)
    if (range === undefined) {
      const { entries, through } = collectRange(source, from, this.accepts)
      range = { frame: frameOf(entries), eventCount: entries.length, through, last: entries.at(-1)?.position }
      ranges.byOffset.set(from.offset, range)
    }
    return range
  }

  #keep(ranges: SourceRanges): void {
    if (!ranges.source.isGrowing) {
      this.#ranges.set(ranges.source, ranges)
      return
    }
    this.#growing = ranges
    fanOut.onceIdle(this.#forgetGrowing)
  }

  readonly #forgetGrowing = (): void => {
    this.#growing = undefined
  }
}
