import type { Position, StoredEntry } from '../log/event-log.ts'
import type { Ring } from '../log/ring.ts'
import { type TopicMember, TopicSet } from './topic-set.ts'

/** Something that is told when there is an entry for it. */
export interface IndexedMember extends TopicMember {
  /** The mark of the end stands after `before`. */
  wake(before: Position): void
}

/** Who listens to what: finds those whom a new entry concerns without asking the others. */
export class TopicIndex<Member extends IndexedMember> {
  readonly #sets = new Map<string, TopicSet<Member>>()
  readonly #setsByTopic = new Map<string, Set<TopicSet<Member>>>()

  enter(member: Member, topics: readonly string[] | null): TopicSet<Member> {
    const key = topics === null ? '' : JSON.stringify([...topics].sort())
    let set = this.#sets.get(key)
    if (set === undefined) {
      set = new TopicSet(key, topics)
      this.#sets.set(key, set)
      for (const topic of topics ?? []) this.#setsOf(topic).add(set)
    }
    set.add(member)
    return set
  }

  leave(member: Member, set: TopicSet<Member>): void {
    set.remove(member)
    if (set.members.length > 0) return
    this.#sets.delete(set.key)
    for (const topic of set.topics ?? []) {
      const sets = this.#setsByTopic.get(topic)
      sets?.delete(set)
      if (sets?.size === 0) this.#setsByTopic.delete(topic)
    }
  }

  *members(): Iterable<Member> {
    for (const set of [...this.#sets.values()]) yield* [...set.members]
  }

  /** Wakes those that an entry of the ring after `before` concerns: the mark of the end concerns all. */
  wake({ kind, topics }: StoredEntry, before: Position, ring: Ring): void {
    if (kind === 'end') {
      for (const member of this.members()) member.wake(before)
      return
    }
    this.#sets.get('')?.live.wake(before, ring)
    for (const topic of topics) {
      const sets = this.#setsByTopic.get(topic)
      if (sets !== undefined) for (const set of sets) set.live.wake(before, ring)
    }
  }

  #setsOf(topic: string): Set<TopicSet<Member>> {
    let sets = this.#setsByTopic.get(topic)
    if (sets === undefined) {
      sets = new Set()
      this.#setsByTopic.set(topic, sets)
    }
    return sets
  }
}
