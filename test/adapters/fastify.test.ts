import { describeAdapter } from '@rivulet/testing'
import { fastifyHarness } from './harness/fastify.ts'

describeAdapter('Fastify 4', fastifyHarness(4))
describeAdapter('Fastify 5', fastifyHarness(5))
describeAdapter('Fastify 5 over HTTP/2', fastifyHarness(5, 'http2'))
