import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../../test/support/free-port.ts'
import { afterwards } from './serve.ts'

/** Starts HAProxy in front of a port of this machine. `settings` go into its `defaults`, one per line. */
export async function startHaproxy(path: string, upstreamPort: number, settings: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-haproxy-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, configuration(port, upstreamPort, settings))
  const child = spawn(path, ['-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.on('data', (text: Buffer) => said.push(text.toString()))
  afterwards(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`HAProxy did not start:\n${said.join('')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return `http://127.0.0.1:${port}`
}

function configuration(port: number, upstreamPort: number, settings: string): string {
  return `
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  ${settings.split('\n').join('\n  ')}
frontend in
  bind 127.0.0.1:${port}
  default_backend out
backend out
  server application 127.0.0.1:${upstreamPort}
`
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
