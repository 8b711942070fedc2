import { Frame } from '../sink/frame.ts'
import { formatCursor } from '../wire/cursor.ts'
import { encodeEvent, encodeId } from '../wire/encode-event.ts'
import type { AnyEvents } from '../wire/event-map.ts'
import type { Position, StoredEntry } from './event-log.ts'

/** What an event of a channel has beside its type and payload. */
interface ChannelEventDetails {
  readonly id: string
  readonly topics: readonly string[]
  /** When it was published, in milliseconds since 1970. */
  readonly at: number
}

/** Any event as filters and coalescing see it. */
interface AnyChannelEvent extends ChannelEventDetails {
  /** `'message'` for the default type. */
  readonly event: string
  /** The payload: parsed where it is JSON, else the text. One object for all who look: don't change it. */
  readonly data: unknown
}

/** An event as filters and coalescing see it. @typeParam Events Payloads by event type. */
export type ChannelEvent<Events = AnyEvents> = string extends keyof Events
  ? AnyChannelEvent
  : {
      [Event in keyof Events & string]: ChannelEventDetails & {
        readonly event: Event
        readonly data: Events[Event]
      }
    }[keyof Events & string]

/**
 * An entry of a log as connections use it: encoded once, when the first connection needs it, and parsed once, when the first
 * filter asks.
 */
export class RingEntry {
  readonly entry: StoredEntry
  /** The place right after this entry. */
  readonly position: Position
  readonly #tag: string
  #id: string | undefined
  #text: string | undefined
  #size = 0
  #frame: Frame | undefined
  #event: ChannelEvent | undefined

  constructor(entry: StoredEntry, tag: string, epoch: string) {
    this.entry = entry
    this.position = { epoch, offset: entry.offset, check: entry.check }
    this.#tag = tag
  }

  /** The id that resumes right after this entry. */
  get id(): string {
    this.#id ??= formatCursor(this.#tag, this.position)
    return this.#id
  }

  /** The whole block, id first. */
  get text(): string {
    if (this.#frame !== undefined) return this.#frame.block.toString()
    this.#text ??= `${encodeId(this.id)}${this.#encode()}`
    return this.#text
  }

  /** Bytes of that. */
  get size(): number {
    if (this.#frame !== undefined) return this.#frame.size
    if (this.#size === 0) this.#size = Buffer.byteLength(this.text)
    return this.#size
  }

  /** The block as it is written where nothing else is. */
  get frame(): Frame {
    if (this.#frame === undefined) {
      this.#frame = Frame.fromText(this.text)
      // Not kept twice.
      this.#text = undefined
    }
    return this.#frame
  }

  /** The block without its id line. */
  get body(): Buffer {
    return this.frame.block.subarray(encodeId(this.id).length)
  }

  get event(): ChannelEvent {
    this.#event ??= this.#parse()
    return this.#event
  }

  #encode(): string {
    const { event, data } = this.entry
    try {
      return encodeEvent({ event, data: String(data) })
    } catch {
      // Checked when it was published, but an engine is shared with other programs: what they wrote must not forge lines or
      // control events, and is no reason to lose the payload.
      return encodeEvent({ data: String(data) })
    }
  }

  #parse(): ChannelEvent {
    const { event, data, topics, at } = this.entry
    return { id: this.id, event: event ?? 'message', data: parsed(data), topics, at }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Plain text is a legal payload.
    return text
  }
}
