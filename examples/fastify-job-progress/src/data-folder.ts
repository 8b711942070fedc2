import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** How long another process on this machine may take to say that the folder is its. */
const answerMs = 2_000

/** Where everything is that has to outlive this process. */
export interface DataFolder {
  readonly path: string
  /** Leaves it to the next process. */
  release(): void
}

/**
 * Makes the folder, and takes it for this process alone: two would both go on with what a third one left.
 *
 * Its owner listens on a port that is written into the folder. That says more than a process's id: after `kill -9` nobody answers
 * there, and what has got the number since does not know the folder.
 *
 * @throws {Error} while another process has it.
 */
export async function takeDataFolder(folder: string): Promise<DataFolder> {
  mkdirSync(folder, { recursive: true })
  const path = realpathSync(folder)
  const mark = join(path, 'server.port')
  if (await isTaken(mark, path)) {
    throw new Error(`Another server uses ${path}. Give this one another folder: DATA=… npm start`)
  }
  const owner = createServer((socket) => socket.on('error', () => {}).end(path))
  owner.listen(0, '127.0.0.1')
  await once(owner, 'listening')
  owner.unref()
  // A server that listens on TCP has an address with a port.
  writeFileSync(mark, String((owner.address() as AddressInfo).port))
  return {
    path,
    release() {
      owner.close()
      rmSync(mark, { force: true })
    },
  }
}

async function isTaken(mark: string, path: string): Promise<boolean> {
  try {
    const socket = connect(Number(readFileSync(mark, 'utf8')), '127.0.0.1')
    socket.setTimeout(answerMs, () => socket.destroy(new Error('No answer.')))
    return (await text(socket)) === path
  } catch {
    return false // There is no mark, or nobody behind it: the one before has ended, in order or not.
  }
}
