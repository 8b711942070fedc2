import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { EventFields, PipeSource } from '../../src/index.ts'
import { nextTurn } from '../sink/story.ts'
import { openStream } from './opened-stream.ts'
import { openUnread } from './unread-client.ts'

/** Notes what is done with it. */
class Source implements AsyncIterableIterator<number> {
  readonly asked: number[] = []
  returned = 0
  #resolve: ((step: IteratorResult<number>) => void) | undefined

  constructor(readonly items: number) {}

  next(): Promise<IteratorResult<number>> {
    this.asked.push(this.asked.length)
    if (this.asked.length <= this.items) return Promise.resolve({ done: false, value: this.asked.length })
    // Waits, as for a queue in which there is nothing.
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  arrive(value: number): void {
    this.#resolve?.({ done: false, value })
  }

  return(): Promise<IteratorResult<number>> {
    this.returned += 1
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function webStream(items: readonly string[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item)
      controller.close()
    },
  })
}

async function* generator(items: readonly string[]): AsyncGenerator<string> {
  for (const item of items) {
    await nextTurn()
    yield item
  }
}

describe('sends each item of', () => {
  const items = ['one', 'two', 'zwei\nZeilen']
  const sources: Record<string, () => PipeSource<unknown>> = {
    'an array': () => items,
    'a Set': () => new Set(items),
    'a generator': () => items.values(),
    'an async generator': () => generator(items),
    'a Readable of objects': () => Readable.from(items),
    'a Readable of text': () => {
      const stream = new PassThrough({ encoding: 'utf8', writableHighWaterMark: 1 })
      const write = async () => {
        for (const item of items) {
          stream.write(item)
          await nextTurn()
        }
        stream.end()
      }
      void write()
      return stream
    },
    'a web ReadableStream': () => webStream(items),
    'an iterator with a `then` of its own': () => ({
      [Symbol.iterator]: () => {
        const left = [...items]
        return { next: () => ({ done: left.length === 0, value: left.shift() }) as IteratorResult<string> }
      },
    }),
  }

  test.each(Object.entries(sources))('%s, in order, and leaves the stream open', async (_name, source) => {
    const { stream, client } = await openStream()
    expect(await stream.pipe(source())).toBe(true)
    expect(stream.closed).toBe(null)
    stream.close()
    expect(await client.ended()).toBe('retry: 0\n\ndata: one\n\ndata: two\n\ndata: zwei\ndata: Zeilen\n\n')
  })

  test.each(Object.entries(sources))('%s, as map says', async (_name, source) => {
    const { stream, client } = await openStream()
    const map = (item: unknown): EventFields => ({ event: 'item', id: String(item).length, data: { item } })
    expect(await stream.pipe(source(), map)).toBe(true)
    stream.close()
    expect(await client.ended()).toContain('id: 3\nevent: item\ndata: {"item":"two"}\n\n')
  })

  test('an empty source: nothing', async () => {
    const { stream } = await openStream()
    expect(await stream.pipe([])).toBe(true)
    expect(await stream.pipe(generator([]))).toBe(true)
  })

  test('S23: two sources at once, comments and heartbeats never come between the lines of a block', async () => {
    const { stream, client } = await openStream({ heartbeatMs: 1 })
    const items = (name: string) =>
      Array.from({ length: 50 }, (_, index) => `${name}${index}\n${'x'.repeat(20_000)}`)
    const comments = async () => {
      for (let count = 0; count < 50; count += 1) {
        stream.comment('aside')
        await nextTurn()
      }
    }
    await Promise.all([stream.pipe(generator(items('a'))), stream.pipe(generator(items('b'))), comments()])
    stream.close()
    const blocks = (await client.ended()).split(/(?<=\n\n)/)
    const asides = blocks.filter(
      (block) => block === ': aside\n\n' || block === ':\n\n' || block === 'retry: 0\n\n',
    )
    expect(asides.length).toBeGreaterThanOrEqual(51)
    for (const name of ['a', 'b']) {
      const sent = items(name).map((item) => `data: ${item.replace('\n', '\ndata: ')}\n\n`)
      expect(blocks.filter((block) => block.startsWith(`data: ${name}`))).toEqual(sent)
    }
    expect(blocks).toHaveLength(asides.length + 100)
  })
})

describe('what cannot be iterated is refused', () => {
  test.each<[unknown, string]>([
    ['text', '"text"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [{ a: 1 }, '{"a":1}'],
    [function* named() {}, '[function named]'],
    [Promise.resolve([]), '[object Promise]'],
  ])('%p', async (source, shown) => {
    const { stream } = await openStream()
    await expect(stream.pipe(source as PipeSource<unknown>)).rejects.toMatchObject({
      code: 'ERR_SSE_SOURCE',
      value: source,
      message: expect.stringMatching(/takes an iterable, an async iterable or a readable stream, not /),
    })
    await expect(stream.pipe(source as PipeSource<unknown>)).rejects.toThrow(shown)
    expect(stream.closed).toBe(null)
  })
})

describe('backpressure', () => {
  test('a client that reads nothing stops the source, one that reads again has all of it', async () => {
    const { stream, socket } = await openUnread()
    const text = 'x'.repeat(100_000)
    const total = 400
    let made = 0
    function* items() {
      for (; made < total; made += 1) yield text
    }
    const piped = stream.pipe(items())
    let before = -1
    while (made !== before) {
      before = made
      for (let turn = 0; turn < 20; turn += 1) await nextTurn()
    }
    expect(made).toBeLessThan(total)
    expect(stream.bufferedBytes).toBeLessThan(1024 * 1024)
    expect(stream.closed).toBe(null)
    let length = 0
    socket.on('data', (part) => {
      length += part.length
    })
    socket.resume()
    expect(await piped).toBe(true)
    stream.close()
    while (length < total * text.length) await once(socket, 'data')
  })

  test('a client that leaves while the source waits for it stops the source', async () => {
    const { stream, socket } = await openUnread()
    let isOver = false
    function* items() {
      try {
        for (;;) yield 'x'.repeat(1_000_000)
      } finally {
        isOver = true
      }
    }
    const piped = stream.pipe(items())
    await nextTurn()
    socket.destroy()
    expect(await piped).toBe(false)
    expect(isOver).toBe(true)
  })
})

describe('when the client leaves', () => {
  test('a source that is waiting for its next item is told by return(), and pipe does not wait for it', async () => {
    const { stream, client } = await openStream()
    const source = new Source(2)
    const piped = stream.pipe(source)
    await client.until('data: 2\n\n')
    client.leave()
    expect(await piped).toBe(false)
    expect(source.returned).toBe(1)
    source.arrive(3)
    await nextTurn()
    expect(source.asked).toHaveLength(3)
  })

  test('a generator that is blocked is not waited for, and can know by the signal', async () => {
    const { stream, client } = await openStream()
    const log: string[] = []
    async function* items() {
      try {
        yield 'first'
        await once(stream.signal, 'abort')
        log.push('aborted')
        yield 'never sent'
      } finally {
        log.push('cleaned up')
      }
    }
    const piped = stream.pipe(items())
    await client.until('data: first\n\n')
    client.leave()
    expect(await piped).toBe(false)
    await nextTurn()
    expect(log).toEqual(['aborted', 'cleaned up'])
  })

  test('a Readable that has nothing to read is destroyed', async () => {
    const { stream, client } = await openStream()
    const source = new Readable({ objectMode: true, read() {} })
    source.push('first')
    const piped = stream.pipe(source)
    await client.until('data: first\n\n')
    const closed = once(source, 'close')
    client.leave()
    expect(await piped).toBe(false)
    await closed
    expect(source.destroyed).toBe(true)
  })

  test('a web ReadableStream that has nothing to read is cancelled', async () => {
    const { stream, client } = await openStream()
    let cancel: () => void
    const cancelled = new Promise<void>((resolve) => {
      cancel = resolve
    })
    const source = new ReadableStream<string>({
      start: (controller) => controller.enqueue('first'),
      // Nothing more comes, as from a server that thinks for minutes.
      pull: () => new Promise(() => {}),
      cancel: () => cancel(),
    })
    const piped = stream.pipe(source)
    await client.until('data: first\n\n')
    client.leave()
    expect(await piped).toBe(false)
    await cancelled
  })

  test('nothing more is asked for, also from sources that are always ready', async () => {
    const { stream, client } = await openStream()
    let asked = 0
    function* items() {
      for (;;) {
        asked += 1
        if (asked === 3) stream.close()
        yield asked
      }
    }
    expect(await stream.pipe(items())).toBe(false)
    expect(asked).toBe(3)
    expect(await client.ended()).toBe('retry: 0\n\ndata: 1\n\ndata: 2\n\n')
  })

  test('an error of the abandoned source is nobody’s', async () => {
    const { stream, client } = await openStream()
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => once(stream.signal, 'abort').then(() => Promise.reject(new Error('too late'))),
        return: () => Promise.reject(new Error('of return')),
      }),
    }
    const piped = stream.pipe(source as AsyncIterable<never>)
    await client.until('retry: 0\n\n')
    client.leave()
    expect(await piped).toBe(false)
    await nextTurn()
  })

  test.each([
    [
      'return()',
      () => {
        throw new Error('of return')
      },
      undefined,
    ],
    [
      'destroy()',
      undefined,
      () => {
        throw new Error('of destroy')
      },
    ],
  ])('an abandoned source whose %s throws does not make pipe reject', async (_name, onReturn, destroy) => {
    const { stream } = await openStream()
    const source = {
      destroy,
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: onReturn }),
    }
    const piped = stream.pipe(source as AsyncIterable<never>)
    stream.close()
    expect(await piped).toBe(false)
  })
})

test('on a closed stream the source is told at once and asked for nothing', async () => {
  const { stream } = await openStream()
  stream.close()
  const source = new Source(1)
  expect(await stream.pipe(source)).toBe(false)
  expect(source).toMatchObject({ asked: [], returned: 1 })
  const readable = Readable.from(['x'])
  expect(await stream.pipe(readable)).toBe(false)
  expect(readable.destroyed).toBe(true)
  const web = webStream(['x'])
  expect(await stream.pipe(web)).toBe(false)
  await expect(web.getReader().read()).resolves.toEqual({ done: true, value: undefined })
})

describe('errors', () => {
  const error = new Error('of the source')

  async function* failing() {
    yield 'first'
    throw error
  }

  test.each<[string, () => PipeSource<unknown>]>([
    ['an async generator', failing],
    [
      'a generator',
      function* failingAtOnce() {
        yield 'first'
        throw error
      },
    ],
    ['a Readable', () => Readable.from(failing())],
    [
      'a web ReadableStream',
      () =>
        new ReadableStream({
          start: (controller) => controller.enqueue('first'),
          pull: (controller) => controller.error(error),
        }),
    ],
  ])('of %s reject, and the stream stays open', async (_name, source) => {
    const { stream, client } = await openStream()
    await expect(stream.pipe(source())).rejects.toBe(error)
    expect(stream.closed).toBe(null)
    expect(stream.send({ data: 'still here' })).toBe(true)
    expect(await client.until('still here\n\n')).toBe('retry: 0\n\ndata: first\n\ndata: still here\n\n')
  })

  test.each<[string, (item: number) => EventFields, unknown]>([
    [
      'map',
      () => {
        throw error
      },
      error,
    ],
    ['send', () => ({ data: undefined }), expect.objectContaining({ code: 'ERR_SSE_DATA' })],
    [
      'send, of the event type',
      () => ({ event: 'a\nb', data: 1 }),
      expect.objectContaining({ code: 'ERR_SSE_EVENT' }),
    ],
  ])('of %s reject after the source was told', async (_name, map, expected) => {
    const { stream } = await openStream()
    const source = new Source(5)
    await expect(stream.pipe(source, map)).rejects.toEqual(expected)
    expect(source).toMatchObject({ asked: [0], returned: 1 })
    expect(stream.closed).toBe(null)
  })

  test('a Readable of bytes is told what to do', async () => {
    const { stream } = await openStream()
    const source = Readable.from([Buffer.from('bytes')])
    await expect(stream.pipe(source)).rejects.toMatchObject({
      code: 'ERR_SSE_DATA',
      message: expect.stringMatching(/binary.*base64/),
    })
    expect(source.destroyed).toBe(true)
  })
})

test('a source that closes the stream itself and never answers is told, and ends the pipe', async () => {
  const { stream } = await openStream()
  let returned = 0
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        stream.close()
        return new Promise(() => {})
      },
      return() {
        returned += 1
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  expect(await stream.pipe(source)).toBe(false)
  expect(returned).toBe(1)
})
