import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connect } from '@nats-io/transport-node'
import { needs } from '../../../test/support/needs.ts'
import { Link } from '../src/connection/link.ts'
import { OwnServer } from './support/own-server.ts'
import { connectionOptions } from './support/storage.ts'

const nats = needs('nats-server')

/** Node gives the collector to those who ask for it, and what is awaited now is held until the next turn. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void // as the flag defines it
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
}

nats.test('what is given up during an outage is kept by nobody', async () => {
  const server = await OwnServer.start(nats.path)
  const connection = await connect({ ...connectionOptions, port: server.port })
  const link = new Link(connection, 50)
  const isDown = new Promise<void>((resolve) => {
    link.onChange((isUp) => {
      if (!isUp) resolve()
    })
  })
  await server.kill()
  await isDown

  const asks: WeakRef<object>[] = []
  const ask = async (signal?: AbortSignal) => {
    const question = { doing: 'Asking', signal, ask: async () => {} }
    asks.push(new WeakRef(question.ask))
    await link.run(question).catch(() => {})
  }
  await ask()
  const aborting = new AbortController()
  const asking = ask(aborting.signal)
  aborting.abort()
  await asking
  await link.untilUp(10).catch(() => {})

  await collectGarbage()
  expect(asks.map((question) => question.deref())).toEqual([undefined, undefined])
  link.close()
  await connection.close()
  await server.dispose()
})
