import { answerCalls } from '../calls.mjs'
import { openAndClose } from './open-and-close.mjs'
import { Readers } from './readers.mjs'

// The clients: thousands of sockets in one process, which count events and do nothing else.
const readers = new Readers()

answerCalls({
  connect: (options) => readers.connect(options),
  hangUp: () => readers.hangUp(),
  freeze: (options) => readers.freeze(options),
  request: (options) => readers.request(options),
  answered: () => readers.answered(),
  expect: (options) => readers.expect(options),
  arrived: (options) => readers.arrived(options),
  countHeartbeats: () => readers.countHeartbeats(),
  assertEachGot: (options) => readers.assertEachGot(options),
  received: () => readers.received(),
  openAndClose,
})
