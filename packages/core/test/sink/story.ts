import type { EventStream, StreamResponse } from '../../src/index.ts'
import { Frame } from '../../src/sink/frame.ts'
import { OpenStream } from '../../src/stream/open-stream.ts'

// Longer than any buffer on the way, and a character of three bytes, so that pieces end within characters.
const bigText = '世'.repeat(512 * 1024)

/** What every way of writing has to put on the wire for {@link tellStory} with `retryMs: 0`, HTTP's own framing taken off and {@link shortened}. */
export const story = [
  'retry: 0\n\n',
  ': plain 1\n\n',
  'data: one\n\n',
  ': plain 2\n\n',
  'id: 7\nevent: grüße\nretry: 5\ndata: 世界 😀\ndata: second line\n\n',
  ': a\n: b\n\n',
  'data: \n\n',
  'data: <all of the big text>\n\n',
  ': plain 3\n\n',
  'data: {"text":"\\r\\n"}\n\n',
  ': plain 4\n\n',
  ': alone 1\n\n',
  ': plain 5\n\n',
  ': alone 2\n\n',
  'data: 世界\n\n',
  ': alone 3\n\n',
  `: alone ${'4'.repeat(20_000)}\n\n`,
  ': alone 5\n\n',
  ': together 1\n\n',
  ': plain 6\n\n',
  `: together ${'2'.repeat(20_000)}\n\n`,
  ': alone 6\n\n',
  'id: .end\nevent: $end\ndata: {}\n\n',
].join('')

/** Bytes as text to compare with {@link story}: short where they are as they should be, or a failed test prints megabytes. */
export function shortened(bytes: Buffer | string): string {
  return bytes.toString().replace(bigText, '<all of the big text>')
}

/** Sends on an open stream, with somebody else's plain writes before, between and after. */
export async function tellStory(stream: EventStream, response: StreamResponse): Promise<void> {
  writePlain(response, ': plain 1\n\n')
  stream.send({ data: 'one' })
  writePlain(response, ': plain 2\n\n')
  stream.send({ event: 'grüße', id: 7, retry: 5, data: '世界 😀\r\nsecond line' })
  stream.comment('a\rb')
  await nextTurn()
  stream.send({ data: '' })
  stream.send({ data: bigText })
  await stream.drained()
  writePlain(response, ': plain 3\n\n')
  stream.send({ data: { text: '\r\n' } })
  await nextTurn()
  writePlain(response, ': plain 4\n\n')
  await nextTurn()
  writeAlone(stream, ': alone 1\n\n')
  writePlain(response, ': plain 5\n\n')
  writeAlone(stream, ': alone 2\n\n')
  stream.send({ data: '世界' })
  await nextTurn()
  writeAlone(stream, ': alone 3\n\n')
  writeAlone(stream, `: alone ${'4'.repeat(20_000)}\n\n`)
  writeAlone(stream, ': alone 5\n\n')
  writeTogether(stream, () => {
    writeAlone(stream, ': together 1\n\n')
    writePlain(response, ': plain 6\n\n')
    writeAlone(stream, `: together ${'2'.repeat(20_000)}\n\n`)
  })
  writeAlone(stream, ': alone 6\n\n')
  stream.end()
}

/** Writes as channels do, and heartbeats: bytes that are expected to be all there is in this turn. */
export function writeAlone(stream: EventStream, text: string): boolean {
  if (!(stream instanceof OpenStream)) throw new TypeError('a stream of somebody else')
  return stream.writeFrame(Frame.fromText(text), 0)
}

/** Runs writes that are expected to leave in one. */
export function writeTogether(stream: EventStream, write: () => void): void {
  if (!(stream instanceof OpenStream)) throw new TypeError('a stream of somebody else')
  stream.together(write)
}

export function writePlain(response: StreamResponse, text: string): void {
  // The same call twice: each response has overloads of its own.
  if ('createPushResponse' in response) response.write(text)
  else response.write(text)
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
