import swagger from '@fastify/swagger'
import swagger4 from '@fastify/swagger-4'
import swaggerUi from '@fastify/swagger-ui'
import swaggerUi4 from '@fastify/swagger-ui-4'
import { sse } from '@rivulet/fastify'
import { type ComponentSchemas, fastifySchema } from '@rivulet/openapi'
import fastify, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'
import type { Browser } from 'playwright-core'
import { z } from 'zod'
import { launchChromium, openPage } from '../../../test/support/chromium.ts'
import { needs } from '../../../test/support/needs.ts'

const chromium = needs('chromium')
let browser: Browser

jest.setTimeout(60_000)

const Comment = z.object({
  text: z.string(),
  get replies() {
    return z.array(Comment)
  },
})
const events = {
  'order.created': z
    .object({ customerName: z.string(), total: z.number() })
    .meta({ description: 'One more.' }),
  'comment.added': Comment,
}

const majors = [
  ['Fastify 5', fastify, swagger, swaggerUi],
  // Older majors, in the types of the newer ones.
  [
    'Fastify 4',
    fastify4 as unknown as typeof fastify,
    swagger4 as unknown as typeof swagger,
    swaggerUi4 as unknown as typeof swaggerUi,
  ],
] as const

chromium.describe('Swagger UI', () => {
  beforeAll(async () => {
    browser = await launchChromium(chromium.path)
  })

  afterAll(() => browser.close())

  let app: FastifyInstance
  afterEach(() => app.close())

  test.each(majors)('of %s shows each event with its payload', async (_name, fastify, swagger, swaggerUi) => {
    app = fastify()
    const schemas: ComponentSchemas = {}
    await app.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'Orders', version: '1.0.0' }, components: { schemas } },
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { docExpansion: 'full', defaultModelRendering: 'model' },
    })
    await app.register(sse)
    app.get('/orders', { schema: fastifySchema(events, { schemas }) }, async (_request, reply) => {
      const stream = await reply.sse()
      stream.end()
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const { page, complaints, close } = await openPage(browser, `${origin}/docs`, {
      viewport: { width: 1200, height: 1600 },
    })
    await page.locator('.response').first().waitFor()
    // Older versions of the page unfold a few levels at a time.
    const folded = page.locator('.response').first().getByRole('button', { name: 'Expand all' })
    while ((await folded.count()) > 0) {
      // It may have unfolded in between.
      await folded
        .first()
        .click({ timeout: 2_000 })
        .catch(() => {})
    }
    const texts = [
      'order.created',
      'One more.',
      'customerName',
      'comment.added',
      'replies',
      '$ready',
      '$gap',
      'missed',
    ]
    for (const text of texts)
      expect([text, await page.getByText(text).first().isVisible()]).toEqual([text, true])
    expect(complaints).toEqual([])
    await close()
  })
})
