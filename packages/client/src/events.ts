import type { AnyEvents, Gap, Ready } from '@rivulet/core'

/** Rivulet's own events, by type. */
export interface ControlEvents {
  /** Everything behind this follows: the stream is open and knows where its client is. */
  $ready: Ready
  /** Something was missed, which the server cannot send any more. */
  $gap: Gap
  /** The cursor moved without an event. */
  $cursor: Record<string, never>
  /** Nothing more will come: of one channel, or, without one, of the stream. */
  $end: { readonly channel?: string }
}

/** What an event has beside its type and payload. */
interface EventDetails {
  /** What resumes right behind this event. */
  readonly lastEventId: string
}

/** Any event of a stream. */
interface UntypedEvent extends EventDetails {
  /** `message` for the default type. */
  readonly event: string
  /** The payload: parsed where it is JSON, else the text. */
  readonly data: unknown
}

/** One of these events, whichever. */
type OneOf<Events> = {
  [Type in keyof Events & string]: EventDetails & { readonly event: Type; readonly data: Events[Type] }
}[keyof Events & string]

/** An event as a client gets it, Rivulet's own included. @typeParam Events Payloads by event type. */
export type ReceivedEvent<Events = AnyEvents> = string extends keyof Events
  ? UntypedEvent
  : OneOf<Events & ControlEvents>

/** An event of one type. */
export type ReceivedEventOf<Events, Type extends string> = EventDetails & {
  readonly event: Type
  readonly data: Type extends keyof ControlEvents
    ? ControlEvents[Type]
    : Type extends keyof Events
      ? Events[Type]
      : unknown
}

/** The types that can be listened to. */
export type EventType<Events> = string extends keyof Events
  ? string
  : (keyof Events & string) | keyof ControlEvents

/** JSON as what it says, everything else as the text it is. */
export function parseData(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
