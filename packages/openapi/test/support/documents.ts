import type { ComponentSchemas, OperationObject } from '@rivulet/openapi'
import { Validator } from '@seriousme/openapi-schema-validator'

/** A document with one route, as it is served: JSON. */
export function documentOf(
  operation: OperationObject,
  openapi: '3.1' | '3.2' = '3.1',
  schemas: ComponentSchemas = {},
): Record<string, unknown> {
  const document = {
    openapi: `${openapi}.0`,
    info: { title: 'Orders', version: '1.0.0' },
    paths: { '/orders': { get: operation } },
    components: { schemas, securitySchemes: { cookie: { type: 'apiKey', in: 'cookie', name: 'session' } } },
  }
  return JSON.parse(JSON.stringify(document))
}

/** What an independent validator has against a document, references that lead nowhere included; `[]` for nothing. */
export async function faultsOf(document: object): Promise<unknown[]> {
  // It resolves references in place.
  const copy: Record<string, unknown> = JSON.parse(JSON.stringify(document))
  const { valid, errors } = await new Validator().validate(copy)
  return valid ? [] : [errors ?? 'not valid']
}

/** A place in a document: `at(document, 'paths', '/orders', 'get')`. */
export function at(document: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((place, key) => {
    if (typeof place !== 'object' || place === null) throw new Error(`There is no ${path.join(' / ')}.`)
    return Reflect.get(place, key)
  }, document)
}

/** The schemas of the single events. */
export function itemsOf(operation: OperationObject, openapi: '3.1' | '3.2' = '3.1'): EventItem[] {
  const media = at(operation, 'responses', '200', 'content', 'text/event-stream')
  const path = openapi === '3.1' ? ['schema', 'items', 'oneOf'] : ['itemSchema', 'oneOf']
  return at(media, ...path) as EventItem[] // what a test looks at
}

export interface EventItem {
  readonly title: string
  readonly description?: string
  readonly deprecated?: boolean
  readonly required: readonly string[]
  readonly properties: Readonly<Record<string, Record<string, unknown>>>
}

/** The schema of an event's payload. */
export function payloadOf(operation: OperationObject, event: string): Record<string, unknown> {
  const found = itemsOf(operation).find(({ title }) => title === event)
  return found?.properties.data?.contentSchema as Record<string, unknown> // what a test looks at
}
