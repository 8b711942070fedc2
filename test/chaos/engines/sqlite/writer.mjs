import { createChannel } from '@rivulet/core'
import { openLog } from './open-log.mjs'

// Stores one event after the other in a channel of its own, so that whenever it is killed a commit is under way.
const { log } = await openLog({ file: process.argv[2] })
const channel = createChannel('writer', { log, retention: { maxEvents: 100 } })
console.log('writing')
for (let count = 0; ; count += 1) await channel.publish({ data: { count } }).catch(() => {})
