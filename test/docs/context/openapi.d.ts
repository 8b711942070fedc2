import type swaggerPlugin from '@fastify/swagger'
import type { Channel } from '@rivulet/core'
import type {} from '@rivulet/fastify'
import type * as OpenApi from '@rivulet/openapi'
import type { DescribedEvents, ComponentSchemas as Schemas } from '@rivulet/openapi'

declare global {
  const sseOperation: typeof OpenApi.sseOperation
  const fastifySchema: typeof OpenApi.fastifySchema
  type ComponentSchemas = Schemas
  const swagger: typeof swaggerPlugin
  const orderEvents: DescribedEvents
  const commentEvents: DescribedEvents
  const clockEvents: DescribedEvents
  const clock: Channel
}
