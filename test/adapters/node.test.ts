import { describeAdapter } from '@rivulet/testing'
import { nodeHarness } from './harness/node.ts'

describeAdapter('node:http', nodeHarness('node:http'))
describeAdapter('node:https', nodeHarness('node:https'))
describeAdapter('node:http2 without TLS', nodeHarness('node:http2 without TLS'))
describeAdapter('node:http2 with TLS', nodeHarness('node:http2 with TLS'))
