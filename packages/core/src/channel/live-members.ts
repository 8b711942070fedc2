import type { Position } from '../log/event-log.ts'
import type { Ring } from '../log/ring.ts'
import type { Frame } from '../sink/frame.ts'
import { type Deliverable, fanOut, lookEvery, type Outcome } from './fan-out.ts'
import type { SharedRange } from './range.ts'

/** What is looked at for a delivery. */
export interface LiveStream {
  /** Its connection takes nothing more just now. */
  readonly isBehind: boolean
  /** @param now What `performance.now()` says. */
  writeFrame(frame: Frame, eventCount: number, now: number): unknown
  /** Looks at what `writeFrame` will look at. The number means nothing. */
  touch(): number
}

/** Somebody who has everything there is, and waits for the next entry. */
export interface LiveMember {
  /** The note of {@link LiveMembers} on it. */
  liveIndex: number
  readonly stream: LiveStream
  /** There is something for it after `position`: it goes on by itself from there. Takes itself out. */
  fallBehind(position: Position): void
}

/** One round in which those who are together get the same bytes. */
interface Pass {
  readonly ring: Ring
  /** Where all of them stand before it. */
  readonly from: Position
  /** What they get; `null` until the first of them is served, so that all that comes before is in it. */
  range: SharedRange | null
  /** Those before this index have got it, or were further already when they came. */
  servedCount: number
  /** Where the next pass begins, if there has to be one. */
  next: Position | null
}

/**
 * The live members of one topic set. Most of them are together: they get the next entries as one, in the order of a list, and where
 * each of them stands follows from its place in that list. So a delivery wakes nobody, moves no cursor and looks at streams alone.
 *
 * The others are alone: what they get is not the same for all, or they came when a pass was about to begin.
 */
export class LiveMembers<Member extends LiveMember> implements Deliverable {
  isQueued = false
  /** What looking at streams came to: kept, or it need not be done. */
  touched = 0
  readonly #rangeOf: (ring: Ring, from: Position) => SharedRange
  readonly #together: Member[] = []
  /** The streams of those, place by place. */
  readonly #streams: LiveStream[] = []
  /** Offset of the newest event that all of them have got; 0 where there is none. */
  #sent = 0
  #alone: Member[] = []
  /** There is one from the moment on that it is in the queue. */
  #pass: Pass | null = null

  constructor(rangeOf: (ring: Ring, from: Position) => SharedRange) {
    this.#rangeOf = rangeOf
  }

  /** @param isShared It gets the same bytes as all the others. */
  add(member: Member, isShared: boolean): void {
    const pass = this.#pass
    if (isShared && (pass === null || (pass.range !== null && pass.next === null))) {
      const place = this.#together.push(member) - 1
      this.#streams.push(member.stream)
      member.liveIndex = place
      if (pass === null) return
      // It has what this pass brings.
      this.#exchange(place, pass.servedCount)
      pass.servedCount += 1
    } else {
      member.liveIndex = this.#alone.push(member) - 1
    }
  }

  remove(member: Member): void {
    if (this.#isTogether(member)) this.#removeTogether(member)
    else this.#removeAlone(member)
  }

  /** Where a member stands while a pass is under way; `null` where it has everything there is. */
  positionOf(member: Member): Position | null {
    const pass = this.#pass
    if (pass === null || !this.#isTogether(member)) return null
    if (pass.range === null || member.liveIndex >= pass.servedCount) return pass.from
    // Between what it was given and the next entry for it there is nothing for it.
    return pass.next
  }

  /** Offset of the newest event that a member has got with the others since it came; smaller ones say nothing. */
  sentTo(member: Member): number {
    if (!this.#isTogether(member)) return 0
    const { range = null, servedCount = 0 } = this.#pass ?? {}
    return range?.last !== undefined && member.liveIndex < servedCount ? range.last.offset : this.#sent
  }

  /** There is an entry for all of them after `before`. */
  wake(before: Position, ring: Ring): void {
    const pass = this.#pass
    if (pass !== null) {
      if (pass.range !== null) pass.next ??= before
    } else if (this.#together.length > 0) {
      this.#pass = passFrom(before, ring)
      fanOut.enqueue(this)
    }
    if (this.#alone.length === 0) return
    const alone = this.#alone
    this.#alone = []
    for (const member of alone) member.fallBehind(before)
  }

  deliver(deadline: number): Outcome {
    const pass = this.#pass
    if (pass === null) return 'done'
    try {
      if (pass.range === null) this.#begin(pass)
      if (pass.range !== null) this.#serve(pass, pass.range, deadline)
    } catch (error) {
      // Somebody's error handler that throws: the others are served all the same.
      void Promise.reject(error)
      if (pass.range === null) this.#part(pass)
    }
    if (this.#pass !== pass) return 'done'
    if (pass.servedCount < this.#together.length) return 'interrupted'
    this.#sent = pass.range?.last?.offset ?? this.#sent
    this.#pass = pass.next === null ? null : passFrom(pass.next, pass.ring)
    return this.#pass === null ? 'done' : 'more'
  }

  #begin(pass: Pass): void {
    const { ring, from } = pass
    if (from.offset < ring.base || !ring.has(from)) {
      // More has come than the ring keeps.
      this.#part(pass)
      return
    }
    pass.range = this.#rangeOf(ring, from)
    // It was too much for one write.
    if (pass.range.through.offset < ring.head) pass.next = pass.range.through
  }

  /** Each goes on by itself. */
  #part({ from }: Pass): void {
    for (const member of [...this.#together]) member.fallBehind(from)
  }

  // Each write may run code that takes out members, this one included, or all of them.
  #serve(pass: Pass, range: SharedRange, deadline: number): void {
    const streams = this.#streams
    const { frame, eventCount } = range
    if (frame === null) pass.servedCount = streams.length
    let now = performance.now()
    let untilLook = lookEvery
    this.#touch(pass.servedCount)
    while (frame !== null && this.#pass === pass && pass.servedCount < streams.length) {
      const stream = streams[pass.servedCount]
      if (stream === undefined) return
      if (stream.isBehind) {
        this.#together[pass.servedCount]?.fallBehind(pass.from)
      } else {
        pass.servedCount += 1
        stream.writeFrame(frame, eventCount, now)
      }
      untilLook -= 1
      if (untilLook > 0) continue
      untilLook = lookEvery
      now = performance.now()
      if (now >= deadline) return
      this.#touch(pass.servedCount)
    }
  }

  /**
   * Looks at the next streams one right after the other: what isn't in the processor's caches is then fetched at the same time. The
   * kernel's work on each write empties them, and a stream that is looked at between two writes is waited for alone.
   */
  #touch(from: number): void {
    const streams = this.#streams
    const end = Math.min(from + lookEvery, streams.length)
    let touched = 0
    for (let index = from; index < end; index += 1) touched += streams[index]?.touch() ?? 0
    this.touched = touched
  }

  #isTogether(member: Member): boolean {
    return this.#together[member.liveIndex] === member
  }

  #removeTogether(member: Member): void {
    const pass = this.#pass
    let place = member.liveIndex
    if (pass !== null && place < pass.servedCount) {
      // The last of those who are served comes to its place, and the last of all to that one's.
      pass.servedCount -= 1
      this.#exchange(place, pass.servedCount)
      place = pass.servedCount
    }
    this.#exchange(place, this.#together.length - 1)
    this.#together.pop()
    this.#streams.pop()
    if (this.#together.length > 0) return
    this.#pass = null
    // Offsets of another history say nothing.
    this.#sent = 0
  }

  #removeAlone(member: Member): void {
    // Those who are just being woken are out already.
    if (this.#alone[member.liveIndex] !== member) return
    const last = this.#alone.pop()
    if (last === undefined || last === member) return
    this.#alone[member.liveIndex] = last
    last.liveIndex = member.liveIndex
  }

  #exchange(one: number, other: number): void {
    const first = this.#together[one]
    const second = this.#together[other]
    if (first === undefined || second === undefined) return
    this.#put(second, one)
    this.#put(first, other)
  }

  #put(member: Member, place: number): void {
    this.#together[place] = member
    this.#streams[place] = member.stream
    member.liveIndex = place
  }
}

function passFrom(from: Position, ring: Ring): Pass {
  return { ring, from, range: null, servedCount: 0, next: null }
}
