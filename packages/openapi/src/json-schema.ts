import { type EventSchema, SseError } from '@rivulet/core'

/** A JSON Schema of the 2020-12 draft, the dialect of OpenAPI 3.1 and 3.2. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Events by type: an event map as `createChannel({ events })` takes it, or a JSON Schema of the payload where there is no other
 * schema.
 */
export type DescribedEvents = Readonly<Record<string, EventSchema | JsonSchema>>

/** Makes a JSON Schema of a schema; `undefined` leaves it to the schema itself. */
export type ToJsonSchema = (schema: EventSchema, event: string) => JsonSchema | undefined

/** The dialect of OpenAPI 3.1 and 3.2, in the words of Standard JSON Schema. */
const target = 'draft-2020-12'

/**
 * The JSON Schema of an event's payload as it goes out.
 *
 * @see https://standardschema.dev/json-schema
 * @throws SseError `ERR_SSE_JSON_SCHEMA` where neither the schema nor `convert` has one.
 */
export function jsonSchemaOf(
  event: string,
  schema: EventSchema | JsonSchema,
  convert: ToJsonSchema | undefined,
): JsonSchema {
  if (!isStandardSchema(schema)) {
    if (isObject(schema)) return schema
    throw cannotTell(event, 'it is neither a Standard Schema nor a JSON Schema', schema)
  }
  const converted: unknown = convert?.(schema, event)
  if (converted !== undefined) return checkResult(event, converted)
  const offered: unknown = Reflect.get(schema['~standard'], 'jsonSchema')
  const output: unknown = isObject(offered) ? Reflect.get(offered, 'output') : undefined
  if (typeof output !== 'function') {
    throw cannotTell(event, `schemas of ${schema['~standard'].vendor} as installed do not offer one`, schema)
  }
  try {
    return checkResult(event, output.call(offered, { target }))
  } catch (error) {
    if (error instanceof SseError) throw error
    throw cannotTell(event, error instanceof Error ? error.message : String(error), schema, error)
  }
}

function isStandardSchema(schema: unknown): schema is EventSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  return isObject(Reflect.get(schema, '~standard'))
}

/** Whether it is an object that has fields: no array, no function. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkResult(event: string, schema: unknown): JsonSchema {
  if (isObject(schema)) return schema
  throw cannotTell(event, 'what was made of it is no object', schema)
}

function cannotTell(event: string, reason: string, value: unknown, cause?: unknown): SseError {
  const message =
    `There is no JSON Schema for the payload of ${JSON.stringify(event)}: ${reason.replace(/\.$/, '')}. ` +
    'Give the option toJsonSchema, or a JSON Schema in its place.'
  return new SseError('ERR_SSE_JSON_SCHEMA', message, cause === undefined ? { value } : { value, cause })
}
