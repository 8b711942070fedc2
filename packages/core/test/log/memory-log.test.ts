import { createMemoryLog } from '@rivulet/core'
import { describeLog } from '@rivulet/testing'

describeLog('the in-memory log', () => ({ open: () => createMemoryLog() }), {
  describe,
  it: test,
  lacks: {
    share: 'it is the memory of one process',
    interrupt: 'there is no connection',
    rollBack: 'memory is lost whole or not at all',
  },
})
