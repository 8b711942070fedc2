import { SseError } from '@rivulet/core'
import { embedSchema } from './embed-schema.ts'
import { type DescribedEvents, isObject, type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import type { DescribeOptions, EventDetails } from './options.ts'

/**
 * A schema for each event of a stream, as OpenAPI sees one: an object of the parsed fields, where JSON is text with a
 * `contentSchema`.
 *
 * @see https://spec.openapis.org/oas/v3.2.0.html#special-considerations-for-server-sent-events
 * @throws SseError `ERR_SSE_JSON_SCHEMA`, `ERR_SSE_OPTION`, `ERR_SSE_EVENT_RESERVED`
 */
export function describeEvents(
  maps: readonly DescribedEvents[],
  { details = {}, direct = false, toJsonSchema, schemas }: DescribeOptions,
): JsonSchema[] {
  const types = new Set(maps.flatMap((map) => Object.keys(map)))
  checkTypes(types, details)
  return [...types].map((event) => {
    const payloads = maps
      .filter((map) => Object.hasOwn(map, event))
      .map((map) => map[event])
      .filter((schema, index, all) => schema !== undefined && all.indexOf(schema) === index)
      .map((schema) => embedSchema(event, jsonSchemaOf(event, schema ?? {}, toJsonSchema), schemas))
    return describeEvent(event, payloads, details[event] ?? {}, direct)
  })
}

function checkTypes(types: ReadonlySet<string>, details: Readonly<Record<string, unknown>>): void {
  if (types.size === 0) {
    throw new SseError(
      'ERR_SSE_OPTION',
      'There are no events to describe. Types alone (eventTypes()) say nothing when the program runs: give schemas, or a JSON Schema for each event type.',
    )
  }
  for (const event of types) {
    if (!event.startsWith('$')) continue
    const message = `Event types that begin with $ are Rivulet's own; they are described already: ${event}.`
    throw new SseError('ERR_SSE_EVENT_RESERVED', message, { value: event })
  }
  for (const event of Object.keys(details)) {
    if (types.has(event)) continue
    const message = `details: there is no event type ${JSON.stringify(event)}. There are: ${[...types].join(', ')}.`
    throw new SseError('ERR_SSE_OPTION', message, { value: event })
  }
}

function describeEvent(
  event: string,
  payloads: readonly JsonSchema[],
  { description, examples, deprecated }: EventDetails,
  direct: boolean,
): JsonSchema {
  const [first = {}] = payloads
  const payload = payloads.length > 1 ? { anyOf: payloads } : first
  const told = description ?? first.description
  return item(event, {
    data: examples === undefined ? payload : { ...referable(payload), examples },
    id: direct ? false : 'Where to resume. Left out in snapshots.',
    retry: direct,
    ...(typeof told === 'string' && { description: told }),
    ...(deprecated !== undefined && { deprecated }),
  })
}

/** A reference with anything beside it is misread by many programs. */
function referable(schema: JsonSchema): JsonSchema {
  return '$ref' in schema ? { allOf: [schema] } : schema
}

const channel = { type: 'string' }
const offset = { type: ['integer', 'null'], minimum: 0 }

/** The control events of streams that are subscribed to channels. */
const subscribed: readonly JsonSchema[] = [
  item('$ready', {
    description: 'The subscription is open: its events follow.',
    id: true,
    data: {
      type: 'object',
      required: ['channel', 'resumed', 'first', 'head'],
      properties: {
        channel,
        resumed: { type: 'boolean', description: 'Everything after the id that was brought follows.' },
        first: { ...offset, description: 'Oldest event that could be replayed.' },
        head: { ...offset, description: 'Newest event.' },
        coalesced: {
          type: 'boolean',
          const: true,
          description: 'Readers that are behind get the newest event of each key only.',
        },
      },
    },
  }),
  item('$gap', {
    description: 'Something is missing before what follows.',
    id: null,
    data: {
      type: 'object',
      required: ['channel', 'reason', 'missed'],
      properties: {
        channel,
        reason: {
          type: 'string',
          enum: ['expired', 'unknown', 'slow'],
          description:
            'expired: trimmed. unknown: the id is of another history, or unreadable. slow: trimmed while this client was behind.',
        },
        missed: { ...offset, description: 'How many events, where that is certain.' },
      },
    },
  }),
  item('$cursor', {
    description: 'The position moved without an event for this client.',
    id: true,
    data: { type: 'object' },
  }),
]

const end = item('$end', {
  description:
    'Finished. A request that brings this id is answered 204. With a channel: only that one is finished.',
  id: true,
  data: { type: 'object', properties: { channel } },
})

/** The control events of a stream, as docs/protocol.md says. */
export function controlEvents(direct: boolean): readonly JsonSchema[] {
  return direct ? [end] : [...subscribed, end]
}

interface ItemFields {
  readonly data: JsonSchema
  readonly description?: string
  readonly deprecated?: boolean
  /** `true`: always there. A text or `false`: may be there. `null`: never. */
  readonly id: string | boolean | null
  readonly retry?: boolean
}

/** The fields are those of the standard, after parsing; `message` is what has no `event` field. */
function item(event: string, { data, id, retry = false, ...annotations }: ItemFields): JsonSchema {
  const required = event === 'message' ? ['data'] : ['event', 'data']
  return {
    type: 'object',
    title: event,
    ...annotations,
    required: id === true ? [...required, 'id'] : required,
    properties: {
      event: { type: 'string', const: event },
      data: { type: 'string', contentMediaType: 'application/json', contentSchema: data },
      ...(id !== null && {
        id: typeof id === 'string' ? { type: 'string', description: id } : { type: 'string' },
      }),
      ...(retry && {
        retry: { type: 'integer', minimum: 0, description: 'Milliseconds to wait before reconnecting.' },
      }),
    },
  }
}

/** Takes one event map or several. */
export function asMaps(events: DescribedEvents | readonly DescribedEvents[]): readonly DescribedEvents[] {
  const maps: readonly unknown[] = Array.isArray(events) ? events : [events]
  for (const map of maps) {
    if (isObject(map)) continue
    throw new SseError('ERR_SSE_OPTION', 'events must be an event map, or a list of event maps.', {
      value: map,
    })
  }
  return maps as readonly DescribedEvents[] // each was looked at
}
