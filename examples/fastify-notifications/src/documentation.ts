import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { ComponentSchemas } from '@rivulet/openapi'
import type { FastifyInstance } from 'fastify'

/** The page at /docs, made of the routes' schemas. Call it before routes are declared. */
export async function useDocumentation(app: FastifyInstance, schemas: ComponentSchemas): Promise<void> {
  await app.register(swagger, {
    openapi: {
      // Event streams need 3.1.
      openapi: '3.1.0',
      info: { title: 'Notifications', version: '1.0.0' },
      components: {
        schemas,
        securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'session' } },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { defaultModelRendering: 'model' },
  })
}
