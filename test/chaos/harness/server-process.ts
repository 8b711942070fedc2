import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/free-port.ts'

const program = fileURLToPath(new URL('server-main.mjs', import.meta.url))

export interface ServerSettings {
  readonly framework: 'express' | 'fastify'
  /** The engine's `open-log.mjs`. */
  readonly openLogFile: string
  /** What that takes. */
  readonly engine: unknown
  readonly channelName: string
  /** Of the channel. Left out: its defaults. */
  readonly retention?: { readonly maxEvents: number }
}

/** Short, so that clients that were dropped are there again at once. */
const stream = { retryMs: 30, heartbeatMs: 2_000 }

/** A process that streams the channel; may be killed, frozen and started again on its port. */
export class ServerProcess {
  readonly port: number
  readonly #settings: ServerSettings
  #process: ChildProcess | undefined

  private constructor(port: number, settings: ServerSettings) {
    this.port = port
    this.#settings = settings
  }

  static async start(settings: ServerSettings): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), settings)
    await server.start()
    return server
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    const settings = JSON.stringify({ ...this.#settings, port: this.port, stream })
    const child = spawn(process.execPath, [program, settings], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'listening') {
        child.stdout.resume()
        return
      }
    }
    throw new Error(`A server process ended with ${child.exitCode ?? child.signalCode}.`)
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Stops it from running; its connections stay open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  continue(): void {
    this.#process?.kill('SIGCONT')
  }
}
