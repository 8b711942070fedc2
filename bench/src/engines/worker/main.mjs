import { createServer } from 'node:http'
import { createSse } from '@rivulet/core'
import { answerCalls } from '../../calls.mjs'
import { listen } from '../../contestants/listen.mjs'
import { Meter } from '../../server/meter.mjs'
import { Profiler } from '../../server/profiler.mjs'
import { engineNamed } from '../index.mjs'
import { follow, openRivulet } from '../rivulet.mjs'
import { appendFlatOut } from './append-flat-out.mjs'
import { appendPaced } from './append-paced.mjs'
import { Arrivals } from './arrivals.mjs'

// One process that uses an engine, through Rivulet or through the driver alone: publishes, listens, serves.
const heardWithinMs = 10_000
const meter = new Meter()
const profiler = new Profiler()
const arrivals = new Arrivals()
let feed

answerCalls({
  async open({ engine, contestant, address, channel, isLogAlone }) {
    const { logs, bares } = engineNamed(engine)
    const log = logs.find(({ label }) => label === contestant)
    const bare = bares.find(({ label }) => label === contestant)
    feed =
      log === undefined
        ? await bare.open(address, channel)
        : await openRivulet(log, address, channel, isLogAlone)
  },
  appendFlatOut: (plan) => appendFlatOut(feed, plan),
  appendPaced: (plan) => appendPaced(feed, plan),
  stored: () => feed.stored(),
  listen: () => feed.listen((data) => arrivals.take(data)),
  expect: (plan) => arrivals.expect(plan),
  arrived: ({ timeoutMs }) => arrivals.all(timeoutMs),
  followMany: (count) => followMany(count),
  appendToFollowed: (places) => Promise.all(places.map((place) => feed.appendTo(followedName(place)))),
  heard: (count) => untilHeard(count),
  serve: () => serve(),
  profile: (wanted) => profiler.want(wanted),
  begin(options) {
    profiler.begin()
    meter.begin(options)
  },
  end() {
    const spent = meter.end()
    profiler.end()
    return spent
  },
})

/** Streams that are subscribed to the channel, on plain `node:http`. */
function serve() {
  const sse = createSse()
  return listen(createServer((request, response) => sse.open(request, response).subscribe(feed.channel)))
}

/** Follows so many channels besides. */
async function followMany(count) {
  for (let n = 0; n < count; n += 1) await follow(feed.log, followedName(n), () => heard.take())
}

function followedName(place) {
  return `silent-${place}`
}

/** What came on the channels of `followMany`: nothing may before it is waited for. */
const heard = {
  count: 0,
  isWaitedFor: false,
  onChange() {},
  take() {
    if (!this.isWaitedFor) throw new Error('Something came on a channel where nothing was published')
    this.count += 1
    this.onChange()
  },
}

/** From the call on: answers at once, and what comes is waited for by the next call with a count above 0. */
async function untilHeard(count) {
  heard.isWaitedFor = true
  if (heard.count >= count) return
  await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${heard.count} of ${count} channels told of their event`)),
      heardWithinMs,
    )
    heard.onChange = () => {
      if (heard.count < count) return
      clearTimeout(timer)
      resolve()
    }
  })
}
