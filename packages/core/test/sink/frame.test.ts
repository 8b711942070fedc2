import fc from 'fast-check'
import { Frame } from '../../src/sink/frame.ts'

function chunkAround(block: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])
}

test('the chunk is the block with its size in hexadecimal, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const frame = Frame.fromText(text)
      expect(frame.block).toEqual(Buffer.from(text))
      expect(frame.chunk).toEqual(chunkAround(Buffer.from(text)))
      expect(frame.size).toBe(Buffer.byteLength(text))
    }),
  )
})

test('parts are joined', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (parts) => {
      const whole = Buffer.concat(parts)
      const frame = Frame.fromParts(parts, whole.length)
      expect(frame.block).toEqual(whole)
      expect(frame.chunk).toEqual(chunkAround(whole))
      expect(frame.size).toBe(whole.length)
    }),
  )
})

test('block and chunk are views of one Buffer', () => {
  const frame = Frame.fromText('data: x\n\n')
  expect(frame.block.buffer).toBe(frame.chunk.buffer)
  expect(frame.block).toBe(frame.block)
})
