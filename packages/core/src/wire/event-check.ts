import { type EventFields, encodeEvent } from './encode-event.ts'
import { type EventSchema, type EventSchemas, isTypesOnly, type SchemaIssue } from './event-map.ts'
import { checkEventName } from './field.ts'
import { SseError, show } from './sse-error.ts'

const maxIssuesShown = 3

/** Checks events against a map of schemas, before anything is sent or stored. */
export class EventCheck {
  readonly #schemas: ReadonlyMap<string, EventSchema> | null

  /** @param schemas `null`: everything is let through, as JSON. */
  constructor(schemas: ReadonlyMap<string, EventSchema> | null) {
    this.#schemas = schemas
  }

  /** Whether it has the same schemas, or both have none. */
  isSameAs(other: EventCheck): boolean {
    if (this.#schemas === null || other.#schemas === null) return this.#schemas === other.#schemas
    if (this.#schemas.size !== other.#schemas.size) return false
    return [...this.#schemas].every(([event, schema]) => other.#schemas?.get(event) === schema)
  }

  /**
   * The payload as its schema gives it back, which is what is to be sent.
   *
   * @throws SseError `ERR_SSE_SCHEMA`
   */
  apply(event: string | undefined, data: unknown): unknown {
    if (this.#schemas === null) return data
    const name = event === undefined || event === '' ? 'message' : event
    const schema = this.#schemas.get(name)
    if (schema === undefined) {
      const known = [...this.#schemas.keys()].map(show).join(', ')
      throw new SseError(
        'ERR_SSE_SCHEMA',
        `There is no event type ${show(name)} in the event map. There are: ${known}.`,
        { value: event },
      )
    }
    const result = schema['~standard'].validate(data)
    if ('then' in result) {
      result.then(undefined, () => {})
      throw new SseError(
        'ERR_SSE_SCHEMA',
        `The schema of the event type ${show(name)} is asynchronous, and events are checked in the order of the calls: check what takes time before.`,
        { value: data },
      )
    }
    if (result.issues === undefined) return result.value
    throw new SseError(
      'ERR_SSE_SCHEMA',
      `The data of an event of type ${show(name)} is not as its schema says: ${describe(result.issues)}.`,
      { value: data, cause: [...result.issues] },
    )
  }
}

/** What payloads have to be. */
export interface PayloadRules {
  /** `null`: anything, and strings go out as they are. Else all is JSON. */
  readonly events: EventCheck | null
  /** Whether the schemas are looked at. */
  readonly validate: boolean
  readonly unsafeIds?: boolean
}

/** The block of an event, with the payload as its schema gives it back. @throws as `encodeEvent`, and `ERR_SSE_SCHEMA` */
export function encodeChecked(
  fields: EventFields,
  { events, validate, unsafeIds = false }: PayloadRules,
): string {
  if (events === null || typeof fields !== 'object' || fields === null)
    return encodeEvent(fields, { unsafeIds })
  const data = validate ? events.apply(fields.event, fields.data) : fields.data
  return encodeEvent({ ...fields, data }, { unsafeIds, json: true })
}

/** Checks the option `events`. @throws SseError `ERR_SSE_OPTION` */
export function checkEvents(name: string, value: unknown): EventCheck {
  return new EventCheck(isTypesOnly(value) ? null : checkSchemas(name, value))
}

function checkSchemas(name: string, events: unknown): ReadonlyMap<string, EventSchema> {
  if (typeof events !== 'object' || events === null || Array.isArray(events)) throw refused(name, events)
  for (const [event, schema] of Object.entries(events)) {
    checkEventName(event)
    if (event === '') throw refused(`${name}: "", which is called "message",`, schema)
    if (!isSchema(schema)) throw refused(`${name}: ${show(event)}`, schema)
  }
  return new Map(Object.entries(events as EventSchemas)) // each of them was looked at
}

function refused(name: string, value: unknown): SseError {
  return new SseError(
    'ERR_SSE_OPTION',
    `${name} must be a Standard Schema (zod, valibot, arktype and others make them) for each event type, or eventTypes(), not ${show(value)}.`,
    { value },
  )
}

/** Some are objects, some functions. */
function isSchema(value: unknown): value is EventSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard: unknown = Reflect.get(value, '~standard')
  return typeof standard === 'object' && standard !== null && 'validate' in standard
}

function describe(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, maxIssuesShown).map(({ path = [], message }) => {
    const place = path.map((part) => (typeof part === 'object' ? part.key : part)).map(String)
    return place.length === 0 ? message : `at ${place.join('.')}: ${message}`
  })
  const rest = issues.length - shown.length
  return `${shown.join('; ').replace(/\.$/, '')}${rest > 0 ? `; and ${rest} more` : ''}`
}
