import { asMaps, controlEvents, describeEvents } from './event-items.ts'
import type { DescribedEvents, JsonSchema } from './json-schema.ts'
import { checkOptions, type DescribedResponses, type DescribeOptions } from './options.ts'

/** A Parameter Object. */
export interface ParameterObject {
  readonly name: string
  readonly in: 'header' | 'query' | 'path' | 'cookie'
  readonly description?: string
  readonly required?: boolean
  readonly schema?: JsonSchema
  readonly [key: string]: unknown
}

/** A Response Object. */
export interface ResponseObject {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description?: string; readonly schema: JsonSchema }>>
  readonly content?: Readonly<
    Record<string, { readonly schema?: JsonSchema; readonly itemSchema?: JsonSchema }>
  >
  readonly [key: string]: unknown
}

/** An Operation Object, the value of `paths['/orders'].get`. */
export interface OperationObject {
  readonly summary?: string
  readonly description?: string
  readonly operationId?: string
  readonly tags?: string[]
  readonly deprecated?: boolean
  readonly security?: Record<string, string[]>[]
  readonly parameters: ParameterObject[]
  readonly responses: Record<string, ResponseObject>
}

export interface OperationOptions<Events extends DescribedEvents = DescribedEvents>
  extends DescribeOptions<Events> {
  /** Parameter Objects beside `Last-Event-ID` and `lastEventId`. */
  readonly parameters?: readonly ParameterObject[] | undefined
}

/**
 * Describes a route that answers with a stream, for any generator of OpenAPI documents.
 *
 * ```ts
 * paths: { '/orders': { get: sseOperation(orderEvents, { summary: 'Orders as they come' }) } }
 * ```
 *
 * @param events The event map of the channel or stream; a list of maps where several channels share a stream.
 * @throws SseError `ERR_SSE_JSON_SCHEMA` for a payload without JSON Schema; `ERR_SSE_OPTION` for what is no option, and for
 * `eventTypes()`; `ERR_SSE_EVENT_RESERVED`.
 * @see https://spec.openapis.org/oas/v3.2.0.html#operation-object
 */
export function sseOperation<Events extends DescribedEvents>(
  events: Events | readonly Events[],
  options: OperationOptions<Events> = {},
): OperationObject {
  checkOptions('sseOperation()', options, ['parameters'])
  return {
    ...annotationsOf(options),
    parameters: [lastEventIdHeader, lastEventIdQuery, ...(options.parameters ?? [])],
    responses: responsesOf(events, options),
  }
}

/** What is passed on as it is. */
export function annotationsOf(
  options: DescribeOptions,
): Pick<OperationObject, 'summary' | 'description' | 'operationId' | 'tags' | 'deprecated' | 'security'> {
  const { summary, description, operationId, tags, deprecated, security } = options
  return {
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(operationId !== undefined && { operationId }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(deprecated !== undefined && { deprecated }),
    ...(security !== undefined && { security: security.map(copyRequirement) }),
  }
}

function copyRequirement(requirement: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(requirement).map(([scheme, scopes]) => [scheme, [...scopes]]))
}

export const lastEventIdHeader: ParameterObject = {
  name: 'Last-Event-ID',
  in: 'header',
  description:
    'The id of the last event that was received: the stream goes on after it. An EventSource sends it by itself.',
  schema: { type: 'string' },
}

export const lastEventIdQuery: ParameterObject = {
  name: 'lastEventId',
  in: 'query',
  description: 'The same, where headers cannot be set. The header wins.',
  schema: { type: 'string' },
}

/** The Responses Object. */
export function responsesOf(
  events: DescribedEvents | readonly DescribedEvents[],
  options: DescribeOptions,
): Record<string, ResponseObject> {
  const { openapi = '3.1', direct = false, responses = {} } = options
  const item = { oneOf: [...describeEvents(asMaps(events), options), ...controlEvents(direct)] }
  const described: Record<string, ResponseObject> = {
    200: {
      description: 'A stream of events.',
      content: {
        'text/event-stream':
          openapi === '3.1' ? { schema: { type: 'array', items: item } } : { itemSchema: item },
      },
    },
    204: { description: 'Finished for good: do not come back.' },
    406: { description: 'The `Accept` header refuses event streams.', content: text },
    503: {
      description: 'There are too many streams. Come back later.',
      headers: {
        'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
      },
      content: text,
    },
  }
  return merge(described, responses)
}

const text = { 'text/plain': { schema: { type: 'string' } } }

function merge(
  described: Readonly<Record<string, ResponseObject>>,
  responses: DescribedResponses,
): Record<string, ResponseObject> {
  const merged = { ...described }
  for (const [status, response] of Object.entries(responses)) {
    if (response === false) delete merged[status]
    else merged[status] = { description: '', ...merged[status], ...response }
  }
  return merged
}
