import { answerCalls } from '../calls.mjs'
import { Readers } from './readers.mjs'

// The clients: thousands of sockets in one process, which count events and do nothing else.
const readers = new Readers()

answerCalls({
  open: (options) => readers.open(options),
  expect: (options) => readers.expect(options),
  arrived: (options) => readers.arrived(options),
})
