import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChaosEngine } from '../../harness/chaos-engine.ts'

const program = fileURLToPath(new URL('writer.mjs', import.meta.url))

/** A file, which has no engine that could be killed: instead a process that writes to it all the time is, amid its commits. */
export async function startEngine(): Promise<ChaosEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-chaos-'))
  const file = join(folder, 'events.db')
  let writer = await startWriter(file)
  return {
    settings: { file },
    crash: {
      kill: () => kill(writer),
      async restart() {
        writer = await startWriter(file)
      },
    },
    async dispose() {
      await kill(writer)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startWriter(file: string): Promise<ChildProcess> {
  const writer = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(writer.stdout, 'data')
  writer.stdout.resume()
  return writer
}

async function kill(writer: ChildProcess): Promise<void> {
  if (writer.exitCode !== null || writer.signalCode !== null) return
  const exited = once(writer, 'exit')
  writer.kill('SIGKILL')
  await exited
}
