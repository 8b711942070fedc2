import { followFromHead } from '../../../test/support/log-listener.ts'
import { needs } from '../../../test/support/needs.ts'
import { buildPackages } from '../../../test/support/readme-program.ts'
import { LogProcess } from './support/log-process.ts'
import { Storage } from './support/storage.ts'

const everything = 100_000
let storage: Storage
let processes: LogProcess[]

beforeAll(buildPackages, 300_000)
beforeEach(() => {
  storage = new Storage()
  processes = []
})
afterEach(async () => {
  for (const process of processes) await process.kill()
  await storage.close()
})

async function start(node?: string): Promise<LogProcess> {
  const started = await LogProcess.start({ file: storage.file, ...(node === undefined ? {} : { node }) })
  processes.push(started)
  return started
}

test('processes that make the file at the same moment share it', async () => {
  const four = await Promise.all([start(), start(), start(), start()])
  for (const [index, each] of four.entries()) {
    each.append({ channel: 'news', prefix: `p${index}`, count: 25, width: 5 })
  }
  await Promise.all(four.map((each) => each.untilStored(25)))
  const { entries, head } = await storage.log().read('news', { after: 'start', limit: everything })
  expect(head).toBe(100)
  expect(new Set(entries.map(({ data }) => data)).size).toBe(100)
  for (const { stored } of four) {
    for (const { data, position } of stored) expect(entries[position.offset - 1]?.data).toBe(data)
  }
})

test('who follows hears of other processes by itself', async () => {
  const log = storage.log({ checkMs: 600_000 })
  const listener = await followFromHead(log, 'news')
  const other = await start()
  other.append({ channel: 'news', prefix: 'heard', count: 30, width: 1 })
  await listener.until(({ entries }) => entries.length === 30)
  expect(listener.data).toEqual(Array.from({ length: 30 }, (_each, index) => `heard ${index}`))
  await listener.stop()
})

test('the same key from two processes, 100 times, is one entry with one position', async () => {
  const two = await Promise.all([start(), start()])
  for (const [index, each] of two.entries()) {
    each.append({ channel: 'news', prefix: `p${index}`, count: 50, width: 10, idempotencyKey: 'order 7' })
  }
  await Promise.all(two.map((each) => each.untilStored(50)))
  const positions = two.flatMap(({ stored }) => stored.map(({ position }) => JSON.stringify(position)))
  expect(new Set(positions).size).toBe(1)
  expect(await storage.log().read('news', { after: 'head', limit: 0 })).toMatchObject({ head: 1 })
})

test('nothing that was stored is lost when processes are killed amid their commits, again and again', async () => {
  const log = storage.log()
  await log.configure('news', { retention: { maxEvents: everything } })
  const listener = await followFromHead(log, 'news')
  const stored = new Map<number, string>()
  for (let round = 0; round < 6; round += 1) {
    const two = await Promise.all([start(), start()])
    for (const [index, each] of two.entries()) {
      each.append({ channel: 'news', prefix: `r${round}p${index}`, count: everything, width: 3 })
    }
    await Promise.all(two.map((each) => each.untilStored(20 + round * 7)))
    for (const each of two) {
      await each.kill()
      for (const { data, position } of each.stored) stored.set(position.offset, data)
    }
  }
  const { entries, head } = await log.read('news', { after: 'start', limit: everything })
  await listener.until((each) => each.entries.at(-1)?.offset === head)
  for (const [offset, data] of stored) expect(entries[offset - 1]?.data).toBe(data)
  expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_each, index) => index + 1))
  expect(new Set(entries.map(({ data }) => data)).size).toBe(entries.length)
  expect(listener.data).toEqual(entries.map(({ data }) => data))
  expect(listener.resets).toEqual([])
  const outsider = await storage.outsider()
  expect(await outsider.run('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  await listener.stop()
}, 60_000)

describe.each([22, 24])('with a process on Node %p, which has SQLite built in', (version) => {
  const node = needs(`node@${version}`)

  node.test('the same file serves both', async () => {
    const listener = await followFromHead(storage.log(), 'news')
    const [mine, newer] = [await start(), await start(node.path)]
    mine.append({ channel: 'news', prefix: 'mine', count: 40, width: 4 })
    newer.append({ channel: 'news', prefix: 'newer', count: 40, width: 4 })
    await Promise.all([mine.untilStored(40), newer.untilStored(40)])
    await listener.until(({ entries }) => entries.length === 80)
    expect(new Set(listener.data).size).toBe(80)
    await newer.kill()
    mine.append({ channel: 'news', prefix: 'later', count: 5, width: 1 })
    await listener.until(({ entries }) => entries.length === 85)
    await listener.stop()
  })
})
