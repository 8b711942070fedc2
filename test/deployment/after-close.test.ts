import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Question } from './harness/closing-main.ts'
import { StreamThrough } from './harness/stream-through.ts'
import { until } from './harness/until.ts'

jest.setTimeout(60_000)

/** How often each kind is there. */
function countOf(kinds: readonly string[], kind: string): number {
  return kinds.filter((each) => each === kind).length
}

test('close() leaves no timer and no connection, and the process ends by itself', async () => {
  const harness = join(__dirname, 'harness')
  const runner = join(__dirname, '..', 'memory', 'harness', 'run-typescript.cjs')
  const child = fork(runner, [join(harness, 'closing-main.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  try {
    const answer = async (): Promise<unknown> => (await once(child, 'message'))[0]
    const ask = async (question: Question): Promise<string[]> => {
      const answered = answer()
      child.send(question)
      return (await answered) as string[] // what it says there
    }
    const port = await answer()
    const idle = await ask('resources')
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => StreamThrough.open(`http://127.0.0.1:${port}`, 'HTTP/1.1')),
    )
    const busy = await ask('resources')
    expect(countOf(busy, 'TCPSocketWrap')).toBe(20)
    expect(countOf(busy, 'Timeout')).toBeGreaterThanOrEqual(countOf(idle, 'Timeout'))
    await ask('close events')
    // A socket takes a moment longer than its response.
    await until(async () => countOf(await ask('resources'), 'TCPSocketWrap') === 0, 'the last socket')
    expect((await ask('resources')).sort()).toEqual([...idle].sort())
    await until(() => streams.every(({ isHungUp }) => isHungUp), 'every client to be hung up')
    const left = await ask('close server')
    expect(left.filter((kind) => kind !== 'PipeWrap' && kind !== 'TCPServerWrap')).toEqual([])
    const [code, signal] = await exited
    expect({ code, signal }).toEqual({ code: 0, signal: null })
  } finally {
    child.kill('SIGKILL')
  }
})
