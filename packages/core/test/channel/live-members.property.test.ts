import fc from 'fast-check'
import type { LiveMembers, LiveStream } from '../../src/channel/live-members.ts'
import { TopicSet } from '../../src/channel/topic-set.ts'
import type { Position } from '../../src/log/event-log.ts'
import { resolveRetention } from '../../src/log/retention.ts'
import { Ring } from '../../src/log/ring.ts'
import type { Frame } from '../../src/sink/frame.ts'

const member = fc.nat({ max: 59 })
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      count: fc.integer({ min: 1, max: 4 }),
      isHeard: fc.constantFrom(true, true, false),
    }),
  },
  // Most of a slice, or all that there is.
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), isHasty: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('catch up' as const), count: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('come' as const), count: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), member }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('block' as const), member }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drain' as const), member }) },
  // At the next write to it.
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('then' as const),
      member,
      act: fc.constantFrom('leave' as const, 'publish' as const, 'come' as const),
      other: member,
    }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A subscription without its connection: it notes what it is given. */
class Reader {
  liveIndex = 0
  memberIndex = 0
  isBehind = false
  isGone = false
  isLive = false
  position: Position
  announcedAt: number
  /** How many of the events that are heard it has got, or had before it came. */
  gotCount: number
  settledAt = 0
  onWrite: (() => void) | null = null
  readonly stream: LiveStream
  readonly #world: World

  constructor(world: World, position: Position) {
    this.#world = world
    this.position = position
    this.gotCount = world.heard.length
    this.announcedAt = position.offset
    const reader = this
    this.stream = {
      get isBehind() {
        return reader.isBehind
      },
      writeFrame: (frame) => this.write(frame),
      touch: () => 0,
    }
  }

  write({ block }: Frame): boolean {
    for (const [, number] of block.toString().matchAll(/^data: (\d+)$/gm)) {
      if (Number(number) !== this.#world.heard[this.gotCount])
        throw new Error(`${number} is not the next event`)
      this.gotCount += 1
    }
    const act = this.onWrite
    this.onWrite = null
    act?.()
    return true
  }

  fallBehind(position: Position): void {
    this.leaveLive()
    this.position = position
  }

  leaveLive(): void {
    if (!this.isLive) return
    const sent = this.#world.live.sentTo(this)
    this.announcedAt = sent > this.position.offset ? sent : this.announcedAt
    this.#world.live.remove(this)
    this.isLive = false
  }
}

class World {
  readonly ring = new Ring({ epoch: 'E', offset: 0, check: '0' }, 'tagtg', resolveRetention({}))
  readonly set = new TopicSet<Reader>('a', ['a'])
  readonly live: LiveMembers<Reader> = this.set.live
  readonly readers: Reader[] = []
  /** Offsets of the events that are for them. */
  readonly heard: number[] = []
  #head = 0

  publish(isHeard: boolean): void {
    const before = this.ring.headPosition
    this.#head += 1
    const check = this.#head.toString(36).padStart(4, 'c')
    const { ring } = this
    const topics = [isHeard ? 'a' : 'b']
    ring.push({ v: 1, kind: 'event', data: `${this.#head}`, topics, at: 0, check, offset: this.#head })
    if (!isHeard) return
    this.heard.push(this.#head)
    this.live.wake(before, ring)
  }

  come(isShared: boolean): void {
    const reader = new Reader(this, this.ring.headPosition)
    this.readers.push(reader)
    this.#goLive(reader, isShared)
  }

  leave(index: number): void {
    const reader = this.readers[index % Math.max(this.readers.length, 1)]
    if (reader === undefined) return
    reader.leaveLive()
    reader.isGone = true
  }

  /** As the fan-out serves those who go on by themselves. */
  catchUp(reader: Reader): void {
    if (reader.isGone || reader.isLive || reader.isBehind) return
    const { frame, through } = this.set.sharedRange(this.ring, reader.position)
    reader.position = through
    reader.announcedAt = through.offset
    if (frame !== null) reader.write(frame)
    if (!reader.isGone && !reader.isLive && through.offset === this.ring.head) this.#goLive(reader, true)
  }

  take(one: Step): void {
    const reader = 'member' in one ? this.readers[one.member % Math.max(this.readers.length, 1)] : undefined
    if (one.do === 'publish') for (let made = 0; made < one.count; made += 1) this.publish(one.isHeard)
    else if (one.do === 'come') for (let made = 0; made < one.count; made += 1) this.come(made % 5 !== 4)
    else if (one.do === 'deliver') this.live.deliver(one.isHasty ? 0 : Number.POSITIVE_INFINITY)
    else if (one.do === 'catch up') {
      const waiting = this.readers.filter(({ isGone, isLive }) => !isGone && !isLive)
      for (const each of waiting.slice(0, one.count)) this.catchUp(each)
    } else if (one.do === 'leave') this.leave(one.member)
    else if (reader === undefined) return
    else if (one.do === 'block') reader.isBehind = true
    else if (one.do === 'drain') reader.isBehind = false
    else if (one.act === 'leave') reader.onWrite = () => this.leave(one.other)
    else if (one.act === 'publish') reader.onWrite = () => this.publish(true)
    else reader.onWrite = () => this.come(true)
  }

  finish(): void {
    for (const reader of this.readers) {
      reader.isBehind = false
      reader.onWrite = null
    }
    while (this.live.deliver(Number.POSITIVE_INFINITY) !== 'done');
    for (const reader of this.readers) this.catchUp(reader)
  }

  /** What stands in `#state`, `settled` and so on of a subscription. */
  check(): void {
    for (const reader of this.readers) {
      if (reader.isGone) continue
      const settled = reader.isLive
        ? (this.live.positionOf(reader) ?? this.ring.headPosition).offset
        : reader.position.offset
      if (settled < reader.settledAt) throw new Error(`settled at ${settled} after ${reader.settledAt}`)
      reader.settledAt = settled
      const { heard } = this
      const last = heard[reader.gotCount - 1] ?? 0
      const next = heard[reader.gotCount] ?? Number.POSITIVE_INFINITY
      if (settled < last || settled >= next)
        throw new Error(`settled at ${settled} between ${last} and ${next}`)
      const sent = reader.isLive ? this.live.sentTo(reader) : 0
      const announced = sent > reader.position.offset ? sent : reader.announcedAt
      if (announced < last || announced > settled)
        throw new Error(`${announced} is told where ${settled} is settled`)
    }
  }

  #goLive(reader: Reader, isShared: boolean): void {
    reader.isLive = true
    this.live.add(reader, isShared)
  }
}

test('those who are served together get every event once and in order, whoever comes, leaves or falls behind meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
      const world = new World()
      for (let made = 0; made < 40; made += 1) world.come(true)
      for (const one of steps) {
        world.take(one)
        world.check()
      }
      world.finish()
      world.check()
      for (const reader of world.readers) expect(reader.isGone || reader.isLive).toBe(true)
    }),
    { numRuns: process.env.CI === 'true' ? 1_000 : 200 },
  )
})
