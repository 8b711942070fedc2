import type { EventFields } from './encode-event.ts'

/**
 * What is used of a Standard Schema, version 1: the interface that zod, valibot, arktype and others share.
 *
 * @see https://standardschema.dev
 */
export interface EventSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Schemas of payloads by event type. `message` is the default type. */
export type EventSchemas = Readonly<Record<string, EventSchema>>

/** Any event type with any payload. */
export interface AnyEvents {
  readonly [event: string]: unknown
}

/** Payloads by event type as they are given to `publish` and `send`. */
export type InputOf<Schemas extends EventSchemas> = {
  [Event in keyof Schemas]: NonNullable<Schemas[Event]['~standard']['types']>['input']
}

/** Payloads by event type as the schemas give them back: what goes out, as JSON. */
export type OutputOf<Schemas extends EventSchemas> = {
  [Event in keyof Schemas]: NonNullable<Schemas[Event]['~standard']['types']>['output']
}

/** One event with its payload, `Rest` beside them; whichever of the map's it is. */
export type EventOf<Events, Rest = unknown> = {
  [Event in keyof Events & string]: Rest &
    (Event extends 'message'
      ? { readonly event?: 'message' | '' | undefined; readonly data: Events[Event] }
      : { readonly event: Event; readonly data: Events[Event] })
}[keyof Events & string]

/** An event for `send`. */
export type SendFields<Events = AnyEvents> = string extends keyof Events
  ? EventFields
  : EventOf<Events, Pick<EventFields, 'id' | 'retry'>>

/** Payload types without schemas: what `eventTypes<Events>()` gives. */
export interface EventTypes<Events> {
  /** For the compiler alone; never there. A symbol would make ESM's and CommonJS' declarations two different types. */
  readonly '~payloads'?: Events
}

const typesOnly: EventTypes<never> = {}

/**
 * For the option `events`, where types are enough: payloads are typed and always JSON, and nothing is checked when the program
 * runs.
 *
 * ```ts
 * createChannel('orders', { events: eventTypes<{ 'order.created': { id: number } }>() })
 * ```
 */
export function eventTypes<Events>(): EventTypes<Events> {
  return typesOnly as EventTypes<Events> // it holds nothing but the type
}

/** Whether the option `events` is `eventTypes()`. */
export function isTypesOnly(events: unknown): boolean {
  return events === typesOnly
}
