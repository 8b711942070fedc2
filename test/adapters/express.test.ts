import { describeAdapter } from '@rivulet/testing'
import { expressHarness } from './harness/express.ts'

describeAdapter('Express 4', expressHarness(4))
describeAdapter('Express 5', expressHarness(5))
