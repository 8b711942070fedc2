import { historyLua } from './history.ts'
import { script } from './script.ts'

/** Sets a channel's retention, ARGV 3, for all who write to it, and trims to it. */
export const configureScript = script(`${historyLua}
retain(ARGV[3])
redis.call('HSET', meta, 'retention', ARGV[3])
if trim() then save() end
expire()
return 'OK'
`)
