import { SseError } from '@rivulet/core'
import { isObject, type JsonSchema } from './json-schema.ts'

/** `components.schemas` of a document: what schemas refer to, by name. */
export type ComponentSchemas = Record<string, JsonSchema>

/** Keywords whose value is one object of schemas, by names that mean nothing here. */
const mapsOfSchemas = new Set(['properties', 'patternProperties', 'dependentSchemas'])
/** Keywords whose value is data, whatever it looks like. */
const dataKeywords = new Set(['const', 'enum', 'default', 'examples', 'example'])
/** What makes a schema a document of its own. What is defined in them is reached by references. */
const ownDocument = new Set(['$schema', '$id', '$defs', 'definitions'])

const componentsPath = '#/components/schemas/'

/** What was put into `components.schemas`, and what it was made of: the same again takes the same name. */
const sources = new WeakMap<ComponentSchemas, Map<string, string>>()

/**
 * Makes a schema that is a document of its own fit to be a part of another, where `#` means something else.
 *
 * What it defines (`$defs`) goes into `components` and is referred to there; without `components` it is put in the place of the
 * references, which a schema that contains itself does not allow.
 *
 * @throws SseError `ERR_SSE_JSON_SCHEMA` for a recursive schema without `components`, and for a reference to what is not there.
 */
export function embedSchema(
  event: string,
  schema: JsonSchema,
  components: ComponentSchemas | undefined,
): JsonSchema {
  return new Embedding(event, schema, components).result()
}

class Embedding {
  readonly #event: string
  readonly #root: JsonSchema
  readonly #components: ComponentSchemas | undefined
  /** Schemas that are called by an `$id` of their own. */
  readonly #byId = new Map<string, unknown>()
  /** References that are being put in place. */
  readonly #open = new Set<string>()
  /** Names in `components`, by reference. */
  readonly #names = new Map<string, string>()

  constructor(event: string, root: JsonSchema, components: ComponentSchemas | undefined) {
    this.#event = event
    this.#root = root
    this.#components = components
    this.#findIds(root)
  }

  result(): JsonSchema {
    const itself = [...this.#reachedFrom(this.#root)].find((ref) => this.#resolve(ref) === this.#root)
    return itself === undefined ? this.#copyObject(this.#root) : this.#refer(itself)
  }

  #copy(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((item) => this.#copy(item))
    return isObject(schema) ? this.#copyObject(schema) : schema
  }

  #copyObject(schema: JsonSchema): JsonSchema {
    const { $ref, ...others } = schema
    if (typeof $ref !== 'string' || !this.#isOwn($ref)) return this.#copyKeywords(schema)
    const target = this.#refer($ref)
    const rest = this.#copyKeywords(others)
    return Object.keys(rest).length === 0 ? target : { allOf: [target], ...rest }
  }

  #copyKeywords(schema: JsonSchema): JsonSchema {
    const keywords = Object.entries(schema).filter(([key]) => !ownDocument.has(key))
    return Object.fromEntries(
      keywords.map(([key, value]) => {
        if (dataKeywords.has(key)) return [key, value]
        if (!mapsOfSchemas.has(key) || !isObject(value)) return [key, this.#copy(value)]
        return [
          key,
          Object.fromEntries(Object.entries(value).map(([name, part]) => [name, this.#copy(part)])),
        ]
      }),
    )
  }

  /** What stands for a reference: one to `components`, or the schema itself. */
  #refer(ref: string): JsonSchema {
    if (this.#components !== undefined) {
      return { $ref: componentsPath + this.#nameOf(ref, this.#components) }
    }
    const target = this.#resolve(ref)
    if (this.#open.has(ref) || target === this.#root) {
      throw this.#error('is recursive: give the option schemas, and put it into components.schemas', ref)
    }
    this.#open.add(ref)
    const copy = this.#copyObject(target)
    this.#open.delete(ref)
    return copy
  }

  #nameOf(ref: string, components: ComponentSchemas): string {
    const known = this.#names.get(ref)
    if (known !== undefined) return known
    const target = this.#resolve(ref)
    const source = JSON.stringify([
      target,
      ...[...this.#reachedFrom(target)].map((other) => this.#resolve(other)),
    ])
    const named = sources.get(components) ?? new Map<string, string>()
    sources.set(components, named)
    const base = this.#baseName(ref, target)
    let name = base
    for (let n = 2; Object.hasOwn(components, name) && named.get(name) !== source; n++) name = `${base}_${n}`
    this.#names.set(ref, name)
    if (Object.hasOwn(components, name)) return name
    named.set(name, source)
    // Taken before it is filled: it may refer to itself.
    components[name] = {}
    components[name] = this.#copyObject(target)
    return name
  }

  /** Names in `components` have few characters, and those that libraries make up say nothing. */
  #baseName(ref: string, target: JsonSchema): string {
    const last = ref.split('/').at(-1) ?? ''
    const isTelling = /^[A-Za-z]/.test(last) && !/\d$/.test(last)
    const name = target === this.#root ? this.#event : isTelling ? last : `${this.#event}.${last}`
    return decode(name).replace(/[^A-Za-z0-9._-]/g, '_')
  }

  /** The references that a schema comes to, its own and those of what it refers to. */
  #reachedFrom(schema: unknown, reached = new Set<string>()): Set<string> {
    if (Array.isArray(schema)) for (const item of schema) this.#reachedFrom(item, reached)
    if (!isObject(schema)) return reached
    for (const [key, value] of Object.entries(schema)) {
      if (dataKeywords.has(key) || ownDocument.has(key)) continue
      if (mapsOfSchemas.has(key) && isObject(value)) {
        for (const part of Object.values(value)) this.#reachedFrom(part, reached)
      } else if (key === '$ref' && typeof value === 'string') {
        if (!this.#isOwn(value) || reached.has(value)) continue
        reached.add(value)
        this.#reachedFrom(this.#resolve(value), reached)
      } else {
        this.#reachedFrom(value, reached)
      }
    }
    return reached
  }

  #findIds(schema: unknown): void {
    if (Array.isArray(schema)) for (const item of schema) this.#findIds(item)
    if (!isObject(schema)) return
    const { $id } = schema
    if (typeof $id === 'string') this.#byId.set($id, schema)
    for (const [key, value] of Object.entries(schema)) if (!dataKeywords.has(key)) this.#findIds(value)
  }

  /** Whether a reference is to a part of this schema; others are the document's. */
  #isOwn(ref: string): boolean {
    return this.#byId.has(ref) || (ref.startsWith('#') && !ref.startsWith('#/components/'))
  }

  #resolve(ref: string): JsonSchema {
    let target: unknown = this.#byId.get(ref)
    if (target === undefined && (ref === '#' || ref.startsWith('#/'))) {
      target = this.#root
      for (const part of ref.split('/').slice(1)) {
        target = isObject(target) || Array.isArray(target) ? Reflect.get(target, decode(part)) : undefined
      }
    }
    if (isObject(target)) return target
    throw this.#error(`refers to ${JSON.stringify(ref)}, which it does not have`, ref)
  }

  #error(what: string, value: string): SseError {
    const message = `The JSON Schema for the payload of ${JSON.stringify(this.#event)} ${what}.`
    return new SseError('ERR_SSE_JSON_SCHEMA', message, { value })
  }
}

/** A part of a JSON pointer in a URI fragment. RFC 6901 section 6. */
function decode(part: string): string {
  let text = part
  try {
    text = decodeURIComponent(part)
  } catch {
    // Not escaped as it should be: taken as it is.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~')
}
