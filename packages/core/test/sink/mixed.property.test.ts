import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import type { EventStream } from '../../src/index.ts'
import { serve, still } from '../sse/sse-server.ts'
import { get, open, parseResponse, receiveAll } from './raw-http.ts'
import { nextTurn, writeAlone, writeTogether } from './story.ts'

/** What happens on one request: what is done to the stream and its response, and how it ends. */
interface Story {
  readonly steps: readonly { readonly act: string; readonly size: number }[]
  readonly ending: string
}

const story: fc.Arbitrary<Story> = fc.record({
  steps: fc.array(
    fc.record({
      act: fc.constantFrom(
        'send',
        'alone',
        'alone',
        'together',
        'comment',
        'plain',
        'turn',
        'turn',
        'cork',
        'uncork',
      ),
      // Of the text that is written.
      size: fc.oneof(
        { weight: 8, arbitrary: fc.nat({ max: 100 }) },
        fc.constantFrom(16_000, 70_000, 300_000),
      ),
    }),
    { maxLength: 25 },
  ),
  ending: fc.constantFrom('close', 'end', 'by somebody else'),
})

/** Does a story's steps and gives the bytes that a client has to receive. */
async function perform(told: Story, stream: EventStream, response: ServerResponse): Promise<string> {
  let expected = 'retry: 0\n\n'
  for (const { act, size } of told.steps) {
    const text = 'x'.repeat(size)
    if (act === 'turn') await nextTurn()
    else if (act === 'cork') response.cork()
    else if (act === 'uncork' && response.writableCorked > 0) response.uncork()
    else if (act === 'send') {
      stream.send({ data: text })
      expected += `data: ${text}\n\n`
    } else if (act === 'comment') {
      stream.comment(text)
      expected += `: ${text}\n\n`
    } else if (act === 'alone') {
      writeAlone(stream, `: ${text}\n\n`)
      expected += `: ${text}\n\n`
    } else if (act === 'together') {
      writeTogether(stream, () => {
        writeAlone(stream, ': first\n\n')
        writeAlone(stream, `: ${text}\n\n`)
      })
      expected += `: first\n\n: ${text}\n\n`
    } else if (act === 'plain') {
      response.write(`: ${text}\n\n`)
      expected += `: ${text}\n\n`
    }
  }
  if (told.ending === 'close') stream.close()
  else if (told.ending === 'end') stream.end()
  else {
    // Or Node 22 and 24 let the end overtake what was written.
    while (response.writableCorked > 0) response.uncork()
    response.end()
  }
  // On a response that is over nothing is written any more, and the next on this connection is another's.
  stream.send({ data: 'late' })
  writeAlone(stream, 'data: late\n\n')
  return told.ending === 'end' ? `${expected}id: .end\nevent: $end\ndata: {}\n\n` : expected
}

test('whatever is written, in whatever order, arrives in that order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 4 }), async (stories) => {
      const expected: string[] = []
      const server = await serve(
        async (request, response, sse) => {
          const index = Number(request.url?.slice(1))
          const told = stories[index]
          if (told === undefined) throw new Error(`there is no story ${index}`)
          const stream = sse.open(request, response)
          expected[index] = await perform(told, stream, response as ServerResponse) // an HTTP/1.1 server
        },
        { ...still, maxBufferedBytes: 10 ** 9 },
      )
      const socket = open(server.port)
      const received = receiveAll(socket)
      stories.forEach((_, index) => {
        socket.write(get(`/${index}`, ...(index === stories.length - 1 ? ['Connection: close'] : [])))
      })
      let rest = await received
      for (const text of expected) {
        const response = parseResponse(rest)
        expect(response.body.toString()).toBe(text)
        rest = response.rest
      }
      expect(rest).toHaveLength(0)
      await server.close()
    }),
    { numRuns: 60 },
  )
})
