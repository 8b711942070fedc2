import { entry, eventually } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { Storage } from './support/storage.ts'

const nats = needs('nats-server')

nats.describe('an append whose answer is lost', () => {
  let storage: Storage
  beforeEach(async () => {
    storage = await Storage.open()
  })
  afterEach(() => storage.close())

  test('is sent again, stored once, and resolves with its place', async () => {
    const log = await storage.log()
    await log.append('news', entry('first'))
    storage.proxy.loseNextAnswerTo('lost answer')
    expect(await log.append('news', entry('lost answer'))).toMatchObject({ offset: 2 })
    await log.append('news', entry('next'))
    const { entries } = await log.read('news', { after: 'start', limit: 10 })
    expect(entries.map(({ data }) => data)).toEqual(['first', 'lost answer', 'next'])
  })

  test('resolves with its place where another has appended meanwhile', async () => {
    const log = await storage.log()
    const direct = await storage.log({ connection: storage.admin })
    await log.append('news', entry('first'))
    storage.proxy.loseNextAnswerTo('lost answer')
    const appending = log.append('news', entry('lost answer'))
    await eventually(
      () => direct.read('news', { after: 'head', limit: 0 }),
      ({ head }) => head === 2,
    )
    await direct.append('news', entry('other'))
    const position = await appending
    const { entries } = await direct.read('news', { after: 'start', limit: 10 })
    expect(entries.map(({ data }) => data)).toEqual(['first', 'lost answer', 'other'])
    expect(position).toMatchObject({ offset: 2, check: entries[1]?.check })
    expect(await log.append('news', entry('next'))).toMatchObject({ offset: 4 })
  })

  test('holds up the batch behind it without loss, repetition or another order', async () => {
    const log = await storage.log()
    await log.append('news', entry('first'))
    storage.proxy.loseNextAnswerTo('lost answer')
    const data = ['a', 'b', 'lost answer', 'c', 'd', 'e', 'f']
    const positions = await Promise.all(data.map((each) => log.append('news', entry(each))))
    expect(positions.map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6, 7, 8])
    const { entries } = await log.read('news', { after: 'start', limit: 20 })
    expect(entries.map((each) => each.data)).toEqual(['first', ...data])
  })
})
