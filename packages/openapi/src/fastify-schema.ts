import { type DescribedEvents, isObject, type JsonSchema } from './json-schema.ts'
import { checkOptions, type DescribeOptions } from './options.ts'
import {
  annotationsOf,
  lastEventIdHeader,
  lastEventIdQuery,
  type OperationObject,
  type ParameterObject,
  type ResponseObject,
  responsesOf,
} from './sse-operation.ts'

/** The `schema` of a Fastify route, with what `@fastify/swagger` reads of it. */
export interface FastifyStreamSchema
  extends Pick<
    OperationObject,
    'summary' | 'description' | 'operationId' | 'tags' | 'deprecated' | 'security'
  > {
  readonly querystring: JsonSchema
  readonly headers: JsonSchema
  readonly response: Record<string, JsonSchema>
}

export interface FastifySchemaOptions<Events extends DescribedEvents = DescribedEvents>
  extends DescribeOptions<Events> {
  /** JSON Schema (an object) of the route's own query, checked by Fastify as ever. `lastEventId` is added to it. */
  readonly querystring?: JsonSchema | undefined
  /** JSON Schema (an object) of the route's own headers, checked by Fastify as ever. `Last-Event-ID` is added to it. */
  readonly headers?: JsonSchema | undefined
}

/**
 * Describes a route that answers with a stream, as the route's `schema`: for `@fastify/swagger`, and harmless to the stream.
 *
 * ```ts
 * fastify.get('/orders', { schema: fastifySchema(orderEvents) }, async (request, reply) => { … })
 * ```
 *
 * What a client brings as `lastEventId` is never a reason for Fastify to refuse it. `@fastify/swagger` needs
 * `openapi: { openapi: '3.1.0' }`, its default being 3.0.3, or `'3.2.0'` with `{ openapi: '3.2' }` here.
 *
 * @param events The event map of the channel or stream; a list of maps where several channels share a stream.
 * @throws SseError `ERR_SSE_JSON_SCHEMA` for a payload without JSON Schema; `ERR_SSE_OPTION` for what is no option, and for
 * `eventTypes()`; `ERR_SSE_EVENT_RESERVED`.
 */
export function fastifySchema<Events extends DescribedEvents>(
  events: Events | readonly Events[],
  options: FastifySchemaOptions<Events> = {},
): FastifyStreamSchema {
  checkOptions('fastifySchema()', options, ['querystring', 'headers'])
  const responses = Object.entries(responsesOf(events, options))
  return {
    ...annotationsOf(options),
    // Fastify checks what is described. A parameter that comes twice is a list, and still no reason for a 400; headers are joined.
    querystring: withParameter(options.querystring, lastEventIdQuery, { anyOf: [{ type: 'string' }, {}] }),
    headers: withParameter(options.headers, lastEventIdHeader, { type: 'string' }),
    response: Object.fromEntries(responses.map(([status, response]) => [status, asFastify(response)])),
  }
}

function withParameter(
  own: JsonSchema | undefined,
  { name, description }: ParameterObject,
  schema: JsonSchema,
): JsonSchema {
  const properties = isObject(own?.properties) ? own.properties : {}
  return { type: 'object', ...own, properties: { ...properties, [name]: { description, ...schema } } }
}

/** Fastify's own form of a response: headers are plain schemas. */
function asFastify({ headers, content, ...response }: ResponseObject): JsonSchema {
  return {
    ...response,
    ...(headers !== undefined && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, { schema, description }]) => [
          name,
          description === undefined ? schema : { ...schema, description },
        ]),
      ),
    }),
    // `type` tells @fastify/swagger that there is none. Fastify would send `null` for whatever is answered, without a list of types.
    ...(content === undefined && { type: 'null' }),
    content: withSchemas(content ?? {}),
  }
}

/** For `itemSchema` there is a `schema` beside it, which Fastify demands and Swagger UI shows. */
function withSchemas(content: NonNullable<ResponseObject['content']>): JsonSchema {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => [
      type,
      media.itemSchema === undefined
        ? media
        : { schema: { type: 'array', items: media.itemSchema }, ...media },
    ]),
  )
}
