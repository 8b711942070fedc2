// What is left of a log in a process, which says so as JSON: node life.mjs <file> <what>.
import { readdirSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSqliteLog } from '@rivulet/log-sqlite'

const [, , file, what] = process.argv
const threads = []
process.on('worker', (worker) => {
  threads.push(worker)
  worker.once('exit', () => threads.splice(threads.indexOf(worker), 1))
})
const log = createSqliteLog({ file, checkMs: 300 })
let checkCount = 0

/** Descriptors of the file and what SQLite keeps beside it; only Linux tells. */
function descriptors() {
  if (process.platform !== 'linux') return 0
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      return '' // The descriptor of this look itself.
    }
  })
  return links.filter((link) => link.startsWith(file)).length
}

function append(data) {
  checkCount += 1
  const check = String(checkCount).padStart(4, '0')
  return log.append('news', { v: 1, kind: 'event', data, topics: [], at: Date.now(), check })
}

async function follow() {
  const { after } = await log.read('news', { after: 'head', limit: 0 })
  const seen = { data: [], errors: [] }
  const handlers = {
    entries: (entries) => seen.data.push(...entries.map(({ data }) => data)),
    reset: () => seen.data.push('reset'),
    error: ({ code }) => seen.errors.push(code),
  }
  const ended = log.tail('news', { after, signal: new AbortController().signal }, handlers)
  return { seen, ended }
}

const programs = {
  async close() {
    const { ended } = await follow()
    await append('one')
    const ofWorker = descriptors()
    // Until this thread has opened the file too, and what it syncs.
    while (process.platform === 'linux' && descriptors() < ofWorker + 3) await append('more')
    const open = { threads: threads.length, files: readdirSync(dirname(file)).length }
    await log.close()
    await ended
    const left = {
      threads: threads.length,
      descriptors: descriptors(),
      files: readdirSync(dirname(file)).length,
    }
    return { open, left }
  },
  /** The process has nothing else to do, and ends with the log open. */
  async leave() {
    await follow()
    await append('one')
    return {}
  },
  async loseThread() {
    // A thread that does nothing keeps no process alive, nor does the end of one.
    const keptAlive = setInterval(() => {}, 1_000)
    const { seen } = await follow()
    await append('one')
    await threads[0].terminate()
    const pending = append('two')
    while (threads.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await threads[0].terminate()
    const rejected = await pending.then(
      () => null,
      ({ code }) => code,
    )
    await append('three')
    while (seen.data.at(-1) !== 'three') await new Promise((resolve) => setTimeout(resolve, 5))
    const { entries } = await log.read('news', { after: 'start', limit: 10 })
    await log.close()
    clearInterval(keptAlive)
    return { rejected, seen, stored: entries.map(({ data }) => data) }
  },
  async store() {
    const { code } = await append('one').catch((error) => error)
    const { entries } = await log.read('news', { after: 'start', limit: 10 }).catch(() => ({ entries: [] }))
    await log.close()
    return { stored: entries.map(({ data }) => data), code }
  },
  async warnings() {
    const warnings = []
    process.on('warning', ({ message }) => warnings.push(message))
    // The first is stored by the worker, those behind it by this thread.
    for (let count = 0; count < 5; count += 1) await append(`${count}`)
    await log.close()
    return { warnings }
  },
}

console.log(JSON.stringify(await programs[what]()))
