import { type EventSchema, type OutputOf, SseError } from '@rivulet/core'
import type { ComponentSchemas } from './embed-schema.ts'
import type { DescribedEvents, ToJsonSchema } from './json-schema.ts'

/** What a document says about one event beside its payload. */
export interface EventDetails<Payload = unknown> {
  /** What the event says, in CommonMark. Default: the description in its schema. */
  readonly description?: string | undefined
  /** Payloads as they go out. */
  readonly examples?: readonly Payload[] | undefined
  readonly deprecated?: boolean | undefined
}

/** A Response Object for a status, merged over the one that is there; `false` leaves the status out. */
export interface DescribedResponses {
  readonly [status: string]: Readonly<Record<string, unknown>> | false
}

type TypesOf<Events> = Events extends unknown ? keyof Events & string : never

type PayloadOf<Events, Event extends string> = Events extends { readonly [E in Event]: infer Schema }
  ? Schema extends EventSchema
    ? OutputOf<{ readonly event: Schema }>['event']
    : unknown
  : never

/** @typeParam Events The event map, or the union of several. */
export interface DescribeOptions<Events extends DescribedEvents = DescribedEvents> {
  /** Version of the document that this becomes a part of. Default `'3.1'`. */
  readonly openapi?: '3.1' | '3.2' | undefined
  readonly summary?: string | undefined
  /** In CommonMark. */
  readonly description?: string | undefined
  readonly operationId?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly deprecated?: boolean | undefined
  /** Security Requirement Objects. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[] | undefined
  /** Descriptions and examples by event type. */
  readonly details?: { readonly [E in TypesOf<Events>]?: EventDetails<PayloadOf<Events, E>> } | undefined
  /**
   * For streams that `send()` and subscribe to no channel: of the control events they have `$end` alone, and events may have ids
   * and `retry` of their own. Default `false`.
   */
  readonly direct?: boolean | undefined
  /**
   * Other responses by status (401, 404 …), and changes to those that are described: 200, 204, 406 (leave it out with `false`
   * where `negotiate` is off), 503 (where `limits.onLimit` is not `'status'`).
   */
  readonly responses?: DescribedResponses | undefined
  /** For schemas that do not make a JSON Schema themselves. Asked first; `undefined` leaves it to the schema. */
  readonly toJsonSchema?: ToJsonSchema | undefined
  /**
   * `components.schemas` of the document. What schemas define and refer to is added to it, which recursive schemas need. Left
   * out, such parts are put in place.
   */
  readonly schemas?: ComponentSchemas | undefined
}

const keys: readonly (keyof DescribeOptions)[] = [
  'openapi',
  'summary',
  'description',
  'operationId',
  'tags',
  'deprecated',
  'security',
  'details',
  'direct',
  'responses',
  'toJsonSchema',
  'schemas',
]

/**
 * Refuses what is no option, and versions that are not described.
 *
 * @throws SseError `ERR_SSE_OPTION`
 */
export function checkOptions(
  owner: string,
  { openapi, ...options }: DescribeOptions,
  further: readonly string[],
): void {
  const known: readonly string[] = [...keys, ...further]
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const message = `${owner} has no option ${JSON.stringify(key)}. There are: ${known.join(', ')}.`
    throw new SseError('ERR_SSE_OPTION', message, { value: key })
  }
  if (openapi === undefined || openapi === '3.1' || openapi === '3.2') return
  const message = `${owner}: openapi must be '3.1' or '3.2', not ${JSON.stringify(openapi)}.`
  throw new SseError('ERR_SSE_OPTION', message, { value: openapi })
}
