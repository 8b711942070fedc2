import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Left, Progress, Question } from './server.ts'

/** The server in a process of its own, where nothing else has memory, timers or sockets. */
export interface ServerProcess {
  readonly port: number
  /** Bytes in use once garbage is gone. */
  memory(): Promise<number>
  left(): Promise<Left>
  progress(): Promise<Progress>
}

const opened = new Set<() => Promise<void>>()

afterEach(async () => {
  await Promise.all([...opened].map((close) => close()))
})

export async function startServer(...flags: string[]): Promise<ServerProcess> {
  const child = fork(join(__dirname, 'run-typescript.cjs'), [join(__dirname, 'server.ts'), ...flags], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const close = async () => {
    opened.delete(close)
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  }
  opened.add(close)
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The server exited with ${code}.`)
  })
  exited.catch(() => {}) // As it should in the end.
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), exited])
    return message
  }
  const ask = (question: Question) => {
    const answered = answer()
    child.send(question)
    return answered
  }
  return {
    port: await answer(),
    memory: () => ask('memory'),
    left: () => ask('left'),
    progress: () => ask('progress'),
  }
}

/** A connection on which a request was sent. Errors are its end. */
export function request(port: number, path: string, method = 'GET'): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: test\r\n\r\n`)
  return socket
}

/** Asks again until the answer is as wanted; a test that waits in vain fails by its time-out. */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
  }
}
