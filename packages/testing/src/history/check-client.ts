import { type ChannelRecord, type Epoch, keyOf } from './channel-record.ts'
import type { ConnectionStep, RecordedBlock, RecordedClient, RecordedConnection } from './client-record.ts'
import { explain, readJson } from './explain.ts'
import { beginnings, describeMissing } from './judge-opening.ts'
import { Listening, type Place, placeOf, withLater } from './listening.ts'
import { FaultFound, type Verdict } from './verdict.ts'

/** Where a client is in each channel it has heard of. */
type Whereabouts = ReadonlyMap<string, readonly Place[]>

/** Judges all that one client received. */
export function checkClient(
  client: RecordedClient,
  channels: ReadonlyMap<string, ChannelRecord>,
  hasSealedIds: boolean,
): Verdict {
  const check = new ClientCheck(channels, hasSealedIds)
  for (const [index, connection] of client.connections.entries()) {
    try {
      check.follow(connection)
    } catch (error) {
      if (!(error instanceof FaultFound)) throw error
      const message = `${client.name}, connection ${index + 1} (brought ${connection.lastEventId ?? 'no id'}): ${error.fault}: ${error.what}`
      return { verdict: error.fault, client: client.name, connection: index + 1, message }
    }
  }
  return { verdict: 'exact' }
}

class ClientCheck {
  readonly #channels: ReadonlyMap<string, ChannelRecord>
  readonly #hasSealedIds: boolean
  /** Where the client was when it got an id: that is where the id resumes. */
  readonly #byId = new Map<string, Whereabouts>()
  /** Events that the client has had since its history was last told to be lost, by channel. */
  readonly #had = new Map<string, Set<string>>()
  #places = new Map<string, readonly Place[]>()
  #listening = new Map<string, Listening>()
  #broughtForeignId = false
  #steps: readonly ConnectionStep[] = []

  constructor(channels: ReadonlyMap<string, ChannelRecord>, hasSealedIds: boolean) {
    this.#channels = channels
    this.#hasSealedIds = hasSealedIds
  }

  follow({ lastEventId, steps, isOpen }: RecordedConnection): void {
    const known = lastEventId === null ? undefined : this.#byId.get(lastEventId)
    this.#broughtForeignId = lastEventId !== null && known === undefined
    this.#places = new Map(known)
    this.#listening = new Map()
    this.#steps = steps
    for (const [index, step] of steps.entries()) this.#take(step, index)
    if (isOpen) for (const listening of this.#listening.values()) this.#assertComplete(listening)
  }

  #take(step: ConnectionStep, index: number): void {
    if (step.kind === 'block') {
      this.#block(step.block, step.at, index)
    } else if (step.kind === 'subscribe') {
      const changes = this.#steps.flatMap((later) =>
        later.kind === 'topics' && later.channel === step.channel && later.at > step.at ? [later] : [],
      )
      this.#listening.set(
        step.channel,
        new Listening(this.#record(step.channel), step.options, { since: step.at, changes }),
      )
    } else if (step.kind === 'unsubscribe') {
      this.#listening.delete(step.channel)
      this.#places.delete(step.channel)
    }
  }

  #block(block: RecordedBlock, at: number, index: number): void {
    const { event, id } = block
    let own: string | null = null
    if (event === '$gap') this.#gap(block)
    else if (event === '$ready') own = this.#ready(block, at)
    else if (event === '$end') this.#end(block, at)
    else if (event === '$cursor') this.#assertKnownCursor(id)
    else if (id !== undefined) own = this.#event(block, id, index)
    if (id === undefined) return
    this.#advanceBy(id, own)
    this.#byId.set(id, new Map(this.#places))
  }

  #gap({ data, id }: RecordedBlock): void {
    const gap = readJson(data)
    const listening = this.#listened(String(gap.channel))
    if (id !== undefined)
      throw new FaultFound('wrong cursor', `$gap has the id ${id}: a client cut off behind it is never told`)
    listening.gap = {
      reason: String(gap.reason),
      missed: typeof gap.missed === 'number' ? gap.missed : null,
    }
    listening.isReady = false
  }

  #ready({ data, id = '' }: RecordedBlock, at: number): string {
    const ready = readJson(data)
    const listening = this.#listened(String(ready.channel))
    const { name } = listening.record
    if (listening.isReady) throw new FaultFound('wrong opening', `a second $ready of ${name} without a $gap`)
    const before = this.#places.get(name) ?? null
    if (listening.gap?.reason === 'unknown') this.#had.delete(name)
    const places = beginnings(listening, {
      at,
      before,
      broughtForeignId: this.#broughtForeignId,
      resumed: ready.resumed === true,
      cursors: id.split('_'),
    })
    this.#places.set(name, places)
    listening.gap = null
    listening.isReady = true
    return name
  }

  #end({ data }: RecordedBlock, at: number): void {
    const { channel } = readJson(data)
    const ended =
      typeof channel === 'string'
        ? [this.#listened(channel)]
        : [...this.#listening.values()].filter(({ isEnded }) => !isEnded)
    for (const listening of ended) {
      if (!listening.record.wasEndedBy(at))
        throw new FaultFound('false end', `$end of channel ${listening.record.name}, which was not ended`)
      this.#assertComplete(listening)
      listening.isEnded = true
    }
  }

  /** @returns the name of the event's channel */
  #event({ event, data }: RecordedBlock, id: string, index: number): string {
    const key = keyOf(event, data)
    const record = [...this.#channels.values()].find(({ epochs }) =>
      epochs.some(({ placesByKey }) => placesByKey.has(key)),
    )
    if (record === undefined) throw new FaultFound('never published', `the ${event} event ${data}`)
    const listening = this.#listening.get(record.name)
    if (listening === undefined)
      throw new FaultFound(
        'outside of the topics',
        `${event} ${data} of ${record.name}, which is not listened to`,
      )
    if (!listening.isReady)
      throw new FaultFound('wrong opening', `${event} ${data} came before the $ready of ${record.name}`)
    this.#assertOwnId(record, key, id)
    this.#places.set(record.name, this.#behind(listening, key, index))
    this.#hadOf(record.name).add(key)
    return record.name
  }

  /** Where the client is once it has got an event. */
  #behind(listening: Listening, key: string, index: number): readonly Place[] {
    const { record } = listening
    const now = withLater(record, this.#places.get(record.name) ?? [])
    const next: Place[] = []
    let isForOthers = true
    for (const { epoch, low, high } of now) {
      for (const place of epoch.placesByKey.get(key) ?? []) {
        if (listening.hears(epoch, place) === 'no') continue
        isForOthers = false
        const from = Math.min(high, place - 1)
        if (from < low || listening.firstMissing(epoch, from, place - 1) !== null) continue
        next.push({ epoch, low: place, high: place })
      }
    }
    if (next.length > 0) return next
    if (isForOthers && now.some(({ epoch }) => epoch.placesByKey.has(key)))
      throw new FaultFound('outside of the topics', key.replace('\n', ' '))
    const had = this.#had.get(record.name)?.has(key) === true
    throw had
      ? new FaultFound('duplicate', `${key.replace('\n', ' ')} came before`)
      : explain(listening, now, key, { steps: this.#steps, index })
  }

  #assertOwnId(record: ChannelRecord, key: string, id: string): void {
    if (this.#hasSealedIds) return
    const [event] = record.epochs.flatMap(({ slots, placesByKey }) =>
      (placesByKey.get(key) ?? []).flatMap((place) => slots[place - 1]?.event ?? []),
    )
    if (event === undefined || event.id === null || id.split('_').includes(event.id)) return
    throw new FaultFound(
      'wrong cursor',
      `${key.replace('\n', ' ')} came with the id ${id}; publish gave ${event.id}`,
    )
  }

  #assertKnownCursor(id: string | undefined): void {
    if (id === undefined) throw new FaultFound('wrong cursor', '$cursor came without an id')
  }

  /** What an id says of the channels: a client that brings it goes on from there. */
  #advanceBy(id: string, own: string | null): void {
    for (const cursor of id.replace(/\.end$/, '').split('_')) {
      for (const [name, places] of this.#places) {
        const listening = this.#listening.get(name)
        if (name === own || listening === undefined || !listening.isReady) continue
        const { record } = listening
        if (!record.epochs.some((epoch) => placeOf(epoch, cursor) > 0)) continue
        this.#places.set(name, this.#advanced(listening, places, cursor))
      }
    }
  }

  #advanced(listening: Listening, places: readonly Place[], cursor: string): readonly Place[] {
    const now = withLater(listening.record, places)
    const next: Place[] = []
    let missing: { epoch: Epoch; place: number } | null = null
    for (const { epoch, low, high } of now) {
      const place = placeOf(epoch, cursor)
      if (place < low) continue
      const hole = listening.firstMissing(epoch, Math.min(high, place), place)
      if (hole === null) next.push({ epoch, low: place, high: place })
      else missing = { epoch, place: hole }
    }
    if (next.length > 0) return next
    const event = missing === null ? null : missing.epoch.slots[missing.place - 1]?.event
    throw new FaultFound(
      'wrong cursor',
      event === null || event === undefined
        ? `the id says ${cursor} of ${listening.record.name}, where the client is not`
        : `the id says ${cursor} of ${listening.record.name}, and ${describeMissing(event)} has not come`,
    )
  }

  /** Nothing that the client should have had is missing. */
  #assertComplete(listening: Listening): void {
    const { record, isReady } = listening
    if (listening.isEnded) return
    if (!isReady) throw new FaultFound('silence', `no $ready of ${record.name} has come`)
    const now = withLater(record, this.#places.get(record.name) ?? []).filter(
      ({ epoch }) => epoch === record.current,
    )
    if (now.length === 0)
      throw new FaultFound('unannounced gap', `the history of ${record.name} was lost, and no $gap said so`)
    const missing = now.map(({ epoch, high }) => listening.firstMissing(epoch, high, epoch.slots.length))
    if (missing.includes(null)) return
    const event = record.current.slots[(missing[0] ?? 1) - 1]?.event
    throw new FaultFound(
      'hole',
      `${event === undefined || event === null ? 'an event' : describeMissing(event)} has not come`,
    )
  }

  #listened(channel: string): Listening {
    const listening = this.#listening.get(channel)
    if (listening !== undefined) return listening
    throw new FaultFound('wrong opening', `something of channel ${channel}, which is not listened to`)
  }

  #hadOf(channel: string): Set<string> {
    const had = this.#had.get(channel) ?? new Set()
    this.#had.set(channel, had)
    return had
  }

  #record(channel: string): ChannelRecord {
    const record = this.#channels.get(channel)
    if (record === undefined)
      throw new Error(`Nothing was recorded of channel ${channel}: publish something to it.`)
    return record
  }
}
