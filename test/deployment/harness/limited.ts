import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Question } from './limited-main.ts'

/** A server with a limit of streams, in a process of its own. */
export interface LimitedServer {
  readonly port: number
  ask(question: Question): Promise<number>
}

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const runner = join(__dirname, '..', '..', 'memory', 'harness', 'run-typescript.cjs')

export async function startLimited(maxStreams: number): Promise<LimitedServer> {
  const child = fork(runner, [join(__dirname, 'limited-main.ts'), String(maxStreams)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  closers.push(async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
  const answer = async (): Promise<number> => {
    const [message] = await once(child, 'message')
    return Number(message)
  }
  return {
    port: await answer(),
    ask(question) {
      const answered = answer()
      child.send(question)
      return answered
    },
  }
}
