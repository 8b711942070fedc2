export type { ComponentSchemas } from './embed-schema.ts'
export { type FastifySchemaOptions, type FastifyStreamSchema, fastifySchema } from './fastify-schema.ts'
export type { DescribedEvents, JsonSchema, ToJsonSchema } from './json-schema.ts'
export type { DescribedResponses, DescribeOptions, EventDetails } from './options.ts'
export {
  type OperationObject,
  type OperationOptions,
  type ParameterObject,
  type ResponseObject,
  sseOperation,
} from './sse-operation.ts'
