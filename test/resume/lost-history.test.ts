import { type Channel, createChannel, createSse } from '@rivulet/core'
import { createHistory } from '@rivulet/testing'
import { ControlledLog } from './harness/controlled-log.ts'
import { ControlledClient, createControlledServer } from './harness/controlled-socket.ts'
import { settle } from './harness/world.ts'

function setUp(name: string, maxEvents: number) {
  const history = createHistory()
  history.keeps(name, maxEvents)
  const log = new ControlledLog()
  const channel = createChannel(name, { log, retention: { maxEvents } })
  const publish = async (n: number, topic: string) =>
    (await history.publish(channel, { event: 'tick', data: { n }, topics: [topic] })).id
  return { history, log, channel, publish }
}

function connect(
  channel: Channel,
  record: ReturnType<ReturnType<typeof createHistory>['client']>,
  topics: string[],
) {
  const sse = createSse()
  const server = createControlledServer((request, response) => {
    sse.open(request, response).subscribe(channel, { topics })
  })
  const connection = record.connect().subscribe(channel.name, { topics })
  const client = new ControlledClient(server, '/', connection.lastEventId, (bytes) => connection.push(bytes))
  const types = () => connection.steps.flatMap((step) => (step.kind === 'block' ? [step.block.event] : []))
  return { client, types }
}

test('a live client that heard nothing for long is told when its history is rolled back', async () => {
  const { history, log, channel, publish } = setUp('rolled back', 100)
  const { client, types } = connect(channel, history.client(), ['quiet'])
  await settle()
  const ids: string[] = []
  for (let n = 1; n <= 300; n += 1) ids.push(await publish(n, 'flood'))
  await settle()
  history.lost('rolled back', ids[269])
  log.rollBack('rolled back', 270)
  await settle()
  await publish(301, 'quiet')
  await settle()
  expect(types()).toEqual(['$ready', '$gap', '$ready', 'tick'])
  history.assertExact()
  client.cut(0)
})

test('a client that came back is told when its history is rolled back and filled again', async () => {
  const { history, log, channel, publish } = setUp('ahead', 100)
  const record = history.client()
  const early = connect(channel, history.client(), ['t'])
  const late = connect(channel, record, ['t'])
  await settle()
  const ids: string[] = []
  for (let n = 1; n <= 5; n += 1) ids.push(await publish(n, 't'))
  await settle()
  late.client.cut(0)
  const again = connect(channel, record, ['t'])
  await settle()
  history.lost('ahead', ids[2])
  log.rollBack('ahead', 3)
  for (let n = 6; n <= 9; n += 1) await publish(n, 't')
  await settle(10)
  expect(again.types()).toEqual(['$ready', '$gap', '$ready', ...Array.from({ length: 7 }, () => 'tick')])
  expect(early.types()).toContain('$gap')
  history.assertExact()
  early.client.cut(0)
  again.client.cut(0)
})
