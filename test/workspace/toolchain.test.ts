import { EventSource } from 'eventsource'
import { createEventSource } from 'eventsource-client'
import { createParser } from 'eventsource-parser'

test('clients that are published as ES modules load', () => {
  expect([typeof EventSource, typeof createEventSource, typeof createParser]).toEqual([
    'function',
    'function',
    'function',
  ])
})

test('a package is its source', async () => {
  await expect(import('@rivulet/core')).resolves.toBeDefined()
})
