import { connect } from 'node:net'
import { machineNow } from '../clock.mjs'
import { endMark } from '../payload.mjs'

const mark = endMark.charCodeAt(0)
/** Arrival times kept at most; with more events than that, they are kept of evenly spread connections. */
const maxArrivals = 1_000_000
/** Connections whose events are looked at one by one. */
const witnessCount = 4
const connectingAtOnce = 500
// Read into by every socket: what was read is looked at before anything else is. One more byte stops each search.
const bufferBytes = 1024 * 1024
const buffer = Buffer.alloc(bufferBytes + 1)

/** One connection: how many events it got since it was last told what to expect. */
class Reader {
  count = 0
  hasHead = false
  isClosed = false
  /** Index of its row of arrival times; -1 for none. */
  row = -1
  /** What it got, byte for byte; `null` for most. */
  bytes = null
  socket
}

export class Readers {
  #all = []
  #expected = 0
  #first = 0
  #doneCount = 0
  #arrivals = new Float64Array(0)
  #onChange = () => {}

  /**
   * Opens connections, sends a request on each and resolves when all were answered.
   *
   * @param {{ port: number, count: number, topics?: boolean, isReading?: boolean }} options `topics`: each asks for its own.
   */
  async open({ port, count, topics = false, isReading = true }) {
    const opened = []
    while (opened.length < count) {
      const some = Array.from({ length: Math.min(connectingAtOnce, count - opened.length) }, (_, place) =>
        this.#open(port, topics ? `/events?topic=t${opened.length + place}` : '/events', isReading),
      )
      await Promise.all(some.map((reader) => reader.answered))
      opened.push(...some)
    }
    if (isReading) this.#all.push(...opened)
  }

  /** Counts from zero again; each connection is to get `count` events, the first of which has the number `first`. */
  expect({ first, count }) {
    this.#first = first
    this.#expected = count
    this.#doneCount = 0
    const rows = Math.max(1, Math.min(this.#all.length, Math.floor(maxArrivals / Math.max(count, 1))))
    this.#arrivals = new Float64Array(rows * count)
    const step = this.#all.length / rows
    for (const reader of this.#all) Object.assign(reader, { count: 0, row: -1, bytes: null })
    for (let row = 0; row < rows; row += 1) this.#all[Math.floor(row * step)].row = row
    for (const reader of this.#all.slice(0, witnessCount)) reader.bytes = []
  }

  /**
   * Waits until every connection got what it was to get, and a moment longer for what it was not.
   *
   * @throws where events are missing, came twice, or came in another order.
   */
  async arrived({ timeoutMs }) {
    const inTime = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      this.#onChange = () => {
        if (this.#doneCount < this.#all.length) return
        clearTimeout(timer)
        resolve(true)
      }
      this.#onChange()
    })
    this.#onChange = () => {}
    const got = this.#all.reduce((sum, { count }) => sum + count, 0)
    const wanted = this.#expected * this.#all.length
    const closedCount = this.#all.filter(({ isClosed }) => isClosed).length
    if (!inTime || got !== wanted) {
      throw new Error(`${got} of ${wanted} events arrived; ${closedCount} connections were closed`)
    }
    for (const reader of this.#all) this.#assertInOrder(reader)
    return this.#arrivals
  }

  #open(port, path, isReading) {
    const reader = new Reader()
    reader.answered = new Promise((resolve, reject) => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: buffer.subarray(0, bufferBytes),
          callback: (length) => {
            if (!reader.hasHead) {
              reader.hasHead = true
              resolve()
            }
            this.#take(reader, length)
            return true
          },
        },
      })
      reader.socket = socket
      if (!isReading) {
        socket.pause()
        socket.on('connect', resolve)
      }
      socket.on('error', reject)
      socket.on('close', () => {
        reader.isClosed = true
        this.#onChange()
      })
      socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n`)
    })
    return reader
  }

  #take(reader, length) {
    if (reader.bytes !== null) reader.bytes.push(Buffer.from(buffer.subarray(0, length)))
    buffer[length] = mark
    const before = reader.count
    for (let at = buffer.indexOf(mark); at < length; at = buffer.indexOf(mark, at + 1)) reader.count += 1
    if (reader.count === before) return
    if (reader.row !== -1) {
      const row = reader.row * this.#expected
      this.#arrivals.fill(machineNow(), row + before, row + Math.min(reader.count, this.#expected))
    }
    if (before < this.#expected && reader.count >= this.#expected) {
      this.#doneCount += 1
      this.#onChange()
    }
  }

  #assertInOrder({ bytes }) {
    if (bytes === null) return
    let expected = this.#first
    for (const [, digits] of Buffer.concat(bytes)
      .toString('latin1')
      .matchAll(/"n":(\d+)/g)) {
      if (Number(digits) !== expected) throw new Error(`event ${digits} came where ${expected} was expected`)
      expected += 1
    }
  }
}
