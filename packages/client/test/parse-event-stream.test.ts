import { Readable } from 'node:stream'
import { ClientError, parseEventStream } from '@rivulet/client'
import { BlockParser } from '../src/parse/block-parser.ts'

test('P33: an LF behind two CRs that have ended an event is no blank line', () => {
  const parser = new BlockParser('', 1e6)
  const push = (text: string) => [...parser.push(Buffer.from(text))].map((each) => Object(each).data)
  expect(push('data: x\r\r')).toEqual(['x'])
  expect(push('\ndata: y\r\n\r\n')).toEqual(['y'])
})

describe('parseEventStream', () => {
  const text = 'event: made\nid: 7\ndata: {"n":1}\n\ndata: text\n\ndata: unfinished'
  const expected = [
    { event: 'made', data: { n: 1 }, lastEventId: '7' },
    { event: 'message', data: 'text', lastEventId: '7' },
  ]

  async function read(body: Parameters<typeof parseEventStream>[0]) {
    const events: unknown[] = []
    for await (const event of parseEventStream(body)) events.push(event)
    return events
  }

  test('reads web streams, Node streams and iterables', async () => {
    expect(await read(new Response(text).body)).toEqual(expected)
    expect(await read(Readable.from([Buffer.from(text)]))).toEqual(expected)
    expect(await read([Buffer.from(text)])).toEqual(expected)
  })

  test('takes one event at a time, and nothing is lost between two reads', async () => {
    const events = parseEventStream<{ made: { n: number }; message: string }>(new Response(text).body)
    expect((await events.next()).value).toEqual(expected[0])
    // Time for what is to come.
    await new Promise(setImmediate)
    expect((await events.next()).value).toEqual(expected[1])
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test('cancels the body when the loop is left, and passes on its failure', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('data: x\n\n')),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const { data } of parseEventStream(endless)) {
      expect(data).toBe('x')
      break
    }
    expect(cancelled).toBe(true)
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('data: x\n\n')
        throw new Error('broken')
      })(),
    )
    await expect(read(broken)).rejects.toThrow('broken')
  })

  test('refuses what is no body', async () => {
    for (const body of [null, 7, {}]) {
      await expect(read(body as never)).rejects.toMatchObject({ code: 'ERR_SSE_CLIENT_OPTION' })
    }
    await expect(read(null)).rejects.toBeInstanceOf(ClientError)
  })
})
