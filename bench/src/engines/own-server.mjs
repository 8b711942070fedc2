import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pinned } from '../calls.mjs'

/** Servers and folders that are there now: none of them outlives this process. */
const leftovers = new Set()

process.once('exit', () => {
  for (const clear of leftovers) clear()
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/**
 * A folder of one's own under the system's for temporary files.
 *
 * @param {{ uid: number, gid: number }} [owner]
 */
export function ownFolder(owner) {
  const path = mkdtempSync(join(tmpdir(), 'rivulet-bench-'))
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
  const remove = () => {
    leftovers.delete(remove)
    rmSync(path, { recursive: true, force: true })
  }
  leftovers.add(remove)
  return { path, remove }
}

/**
 * Starts a server on the second core, beside the load.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readyText: string, owner?: { uid: number, gid: number }, cwd?: string }} options `readyText`: what it says on either
 *   output when it takes connections.
 */
export async function startServer(program, args, { readyText, owner = {}, cwd }) {
  const server = spawn(...pinned(1, [program, ...args]), { stdio: ['ignore', 'pipe', 'pipe'], cwd, ...owner })
  const kill = () => server.kill('SIGKILL')
  leftovers.add(kill)
  const exited = once(server, 'exit').finally(() => leftovers.delete(kill))
  await untilSaid(server, readyText)
  return {
    pid: server.pid,
    /** @param {NodeJS.Signals} [signal] */
    async stop(signal = 'SIGKILL') {
      server.kill(signal)
      await exited
    },
  }
}

function untilSaid(server, text) {
  let said = ''
  return new Promise((resolve, reject) => {
    const take = (chunk) => {
      // Read to the end, so that it never waits for us.
      if (said === null) return
      said += chunk
      if (!said.includes(text)) return
      said = null
      resolve()
    }
    server.stdout.setEncoding('utf8').on('data', take)
    server.stderr.setEncoding('utf8').on('data', take)
    server.on('error', reject)
    server.on('exit', (code) => reject(new Error(`${server.spawnfile} ended with ${code}: ${said}`)))
  })
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
