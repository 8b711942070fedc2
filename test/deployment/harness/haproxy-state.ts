import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { StartedProxy } from './proxy.ts'

/** Which servers HAProxy takes to be up: names such as `streams/one`. */
export async function serversUp({ folder }: StartedProxy): Promise<string[]> {
  const socket = connect(join(folder, 'socket'))
  socket.write('show stat\n')
  let text = ''
  socket.on('data', (part) => {
    text += part.toString()
  })
  await once(socket, 'close')
  const [header = '', ...rows] = text.split('\n')
  const status = header.split(',').indexOf('status')
  return rows
    .map((row) => row.split(','))
    .filter((cells) => /^UP/.test(cells[status] ?? '') && !['FRONTEND', 'BACKEND'].includes(cells[1] ?? ''))
    .map((cells) => `${cells[0]}/${cells[1]}`)
}
