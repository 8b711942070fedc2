import { makeChannel, publishAll, serve } from './live.ts'

describe('a subscription that opens while another one of its stream has much to send', () => {
  const megabytes = 8
  const chunk = 'x'.repeat(32 * 1024)
  const retention = { maxEvents: 10_000, maxBytes: 64 * 1024 * 1024 }

  test('takes its snapshot once, and does not wait until the other one is done', async () => {
    const long = makeChannel({ retention })
    const state = makeChannel()
    await publishAll(long, Array<string>(megabytes * 32).fill(chunk))
    let snapshotCount = 0
    const server = await serve((stream) => {
      stream.subscribe(long, { from: 'start' })
      stream.subscribe(state, {
        snapshot: () => {
          snapshotCount += 1
          return [{ event: 'state', data: 1 }]
        },
      })
    })
    const client = server.connect()
    await client.until(({ data }) => data.length >= megabytes * 32 + 1)
    await client.has('$ready', 2)
    expect(snapshotCount).toBe(1)
    const ready = client.events.findIndex(
      ({ event, data }) => event === '$ready' && JSON.parse(data).channel === state.name,
    )
    expect(ready).toBeLessThan(megabytes * 16)
  })

  test('tells its gap once', async () => {
    const long = makeChannel({ retention })
    const other = makeChannel({ retention: { maxEvents: 2 } })
    await publishAll(long, Array<string>(megabytes * 32).fill(chunk))
    const [first] = await publishAll(other, [1, 2, 3, 4])
    const server = await serve((stream) => {
      stream.subscribe(long, { from: 'start' })
      stream.subscribe(other)
    })
    const client = server.connect(first)
    await client.until(({ data }) => data.length >= megabytes * 32 + 2)
    expect(client.control.filter((type) => type === '$gap')).toHaveLength(1)
    expect(client.control.filter((type) => type === '$ready')).toHaveLength(2)
  })
})
