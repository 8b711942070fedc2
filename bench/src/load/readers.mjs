import { connect } from 'node:net'
import { machineNow, sleep } from '../clock.mjs'
import { endMark } from '../payload.mjs'

const eventMark = endMark.charCodeAt(0)
/** The comment that a heartbeat is; while nothing else is sent, one of these is one of those. */
const heartbeatMark = ':'.charCodeAt(0)
/** Arrival times kept at most; with more events than that, they are kept of evenly spread connections. */
const maxArrivals = 1_000_000
/** Connections whose events are looked at one by one. */
const witnessCount = 4
const connectingAtOnce = 500
/** How long nothing may come any more, when everything has come. */
const settleMs = 50
// Read into by every socket: what was read is looked at before anything else is. One more byte stops each search.
const bufferBytes = 1024 * 1024
const buffer = Buffer.alloc(bufferBytes + 1)

/** One connection: how many events it got since it was last told what to expect. */
class Reader {
  count = 0
  isAnswered = false
  /** Why what came first is no answer of an open stream. */
  problem
  isClosed = false
  /** Index of its row of arrival times; -1 for none. */
  row = -1
  /** What it got, byte for byte; `null` for most. */
  bytes = null
  socket
}

export class Readers {
  #all = []
  #mark = eventMark
  #expected = 0
  #first = 0
  #isDense = true
  #doneCount = 0
  #answeredCount = 0
  #arrivals = new Float64Array(0)
  #onChange = () => {}

  /** Opens connections and sends nothing yet. */
  async connect({ port, count }) {
    this.#all = await this.#connectAll(port, count, true)
  }

  /** Ends all connections but those that are frozen. */
  hangUp() {
    for (const { socket } of this.#all) socket.resetAndDestroy()
    this.#all = []
    this.#answeredCount = 0
  }

  /** Opens streams of which nothing is ever read. */
  async freeze({ port, count, path }) {
    const readers = await this.#connectAll(port, count, false)
    for (const { socket } of readers) socket.write(requestFor(path))
  }

  /** Sends a request on each connection, in one turn. `topics`: each asks for a topic of its own. */
  request({ path, lastEventId, topics = false }) {
    const header = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`
    for (const [index, { socket }] of this.#all.entries())
      socket.write(requestFor(topics ? `${path}?topic=t${index}` : path, header))
  }

  /** Waits until every connection was answered. */
  async answered() {
    const inTime = await this.#until(() => this.#answeredCount === this.#all.length, 30_000)
    if (!inTime) throw new Error(`${this.#answeredCount} of ${this.#all.length} connections were answered`)
    const refused = this.#all.find(({ problem }) => problem !== undefined)
    if (refused !== undefined) throw new Error(refused.problem)
  }

  /**
   * Counts from zero again; each connection is to get `count` events, the first of which has the number `first`.
   * `isDense: false`: it gets only some of the numbers, in order.
   */
  expect({ first, count, isDense = true }) {
    this.#first = first
    this.#expected = count
    this.#isDense = isDense
    this.#doneCount = 0
    const rows = Math.max(1, Math.min(this.#all.length, Math.floor(maxArrivals / Math.max(count, 1))))
    this.#arrivals = new Float64Array(rows * count)
    const step = this.#all.length / rows
    for (const reader of this.#all) Object.assign(reader, { count: 0, row: -1, bytes: null })
    for (let row = 0; row < rows; row += 1) this.#all[Math.floor(row * step)].row = row
    for (let witness = 0; witness < witnessCount; witness += 1) {
      this.#all[Math.floor((witness * this.#all.length) / witnessCount)].bytes = []
    }
  }

  /**
   * Waits until every connection got what it was to get.
   *
   * @returns when each event arrived, one row after the other.
   * @throws where events are missing, came twice, or came in another order.
   */
  async arrived({ timeoutMs }) {
    const inTime = await this.#until(() => this.#doneCount === this.#all.length, timeoutMs)
    // What comes twice may come last.
    if (inTime) await sleep(settleMs)
    const wrongCount = this.#all.filter(({ count }) => count !== this.#expected).length
    if (wrongCount > 0) {
      const closedCount = this.#all.filter(({ isClosed }) => isClosed).length
      throw new Error(
        `${this.received()} of ${this.#expected * this.#all.length} events arrived; ${wrongCount} connections got too few or too many, ${closedCount} were closed`,
      )
    }
    for (const reader of this.#all) this.#assertInOrder(reader)
    return this.#arrivals
  }

  /** Counts heartbeats instead of events from now on. */
  countHeartbeats() {
    this.expect({ first: 0, count: 0 })
    this.#mark = heartbeatMark
  }

  /** @throws where a connection got fewer heartbeats than `least`. */
  assertEachGot({ least }) {
    const tooFew = this.#all.filter(({ count }) => count < least).length
    if (tooFew > 0) throw new Error(`${tooFew} connections got fewer than ${least} heartbeats`)
  }

  /** How many came since it was last told what to expect. */
  received() {
    return this.#all.reduce((sum, { count }) => sum + count, 0)
  }

  async #connectAll(port, count, isReading) {
    const readers = []
    while (readers.length < count) {
      const some = Array.from(
        { length: Math.min(connectingAtOnce, count - readers.length) },
        () => new Reader(),
      )
      await Promise.all(some.map((reader) => this.#connect(reader, port, isReading)))
      readers.push(...some)
    }
    return readers
  }

  #connect(reader, port, isReading) {
    return new Promise((resolve, reject) => {
      const onread = {
        buffer: buffer.subarray(0, bufferBytes),
        callback: (length) => {
          this.#take(reader, length)
          return true
        },
      }
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
      if (!isReading) socket.pause()
      reader.socket = socket
      socket.on('connect', resolve)
      socket.on('error', reject)
      socket.on('close', () => {
        reader.isClosed = true
        this.#onChange()
      })
    })
  }

  /** @returns whether it came true in time. */
  #until(isTrue, timeoutMs) {
    return new Promise((resolve) => {
      const settle = (inTime) => {
        clearTimeout(timer)
        this.#onChange = () => {}
        resolve(inTime)
      }
      const timer = setTimeout(settle, timeoutMs, false)
      this.#onChange = () => {
        if (isTrue()) settle(true)
      }
      this.#onChange()
    })
  }

  #take(reader, length) {
    if (reader.bytes !== null) reader.bytes.push(Buffer.from(buffer.subarray(0, length)))
    if (!reader.isAnswered) {
      reader.isAnswered = true
      reader.problem = problemOf(buffer.latin1Slice(0, length), streamAnswer)
      this.#answeredCount += 1
      this.#onChange()
    }
    const mark = this.#mark
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
    let seen = 0
    for (const [, digits] of Buffer.concat(bytes)
      .toString('latin1')
      .matchAll(/"n":(\d+)/g)) {
      const n = Number(digits)
      if (this.#isDense ? n !== expected : n < expected) {
        throw new Error(`event ${n} came where ${expected} was expected`)
      }
      expected = n + 1
      seen += 1
    }
    if (seen !== this.#expected) throw new Error(`${seen} of ${this.#expected} events could be looked at`)
  }
}

/** What an answer begins with and has in it. */
export const streamAnswer = { status: 200, text: 'text/event-stream' }

/** @returns why what came first is not the answer that was wanted; `undefined` where it is. */
export function problemOf(head, { status, text }) {
  if (head.startsWith(`HTTP/1.1 ${status} `) && head.includes(text)) return undefined
  return `answered "${head.slice(0, head.indexOf('\r'))}" instead of ${status} and ${text}`
}

export function requestFor(path, header = '') {
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n${header}\r\n`
}
