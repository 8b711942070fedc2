import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { needs } from '../support/needs.ts'
import { startFeed, textOf, total } from './harness/feed.ts'

const curl = needs('curl')
const run = promisify(execFile)

/** The bytes of a feed that is not interrupted, but for its first block, the retry hint. */
function expectedBody(): string {
  const blocks = Array.from({ length: total }, (_, index) => {
    const lines = textOf(index + 1).split('\n')
    return `id: ${index + 1}\nevent: item\n${lines.map((line) => `data: ${line}\n`).join('')}\n`
  })
  return `${blocks.join('')}id: .end\nevent: $end\ndata: {}\n\n`
}

curl.describe('curl -N', () => {
  test.each([
    ['--http1.1', '1.1'],
    ['--http1.0', '1.0'],
  ])('%s receives every byte', async (version, httpVersion) => {
    const feed = await startFeed()
    const { stdout } = await run(curl.path, ['-sSN', version, `${feed.origin}/whole`], {
      maxBuffer: 64 * 1024 * 1024,
    })
    const [, retry, rest] = /^(retry: \d+\n\n)(.*)$/s.exec(stdout) ?? []
    expect(retry).toMatch(/^retry: [456]\n\n$/)
    expect(rest).toBe(expectedBody())
    expect(feed.requests).toEqual([{ lastEventId: null, status: 200, httpVersion }])
  })
})
