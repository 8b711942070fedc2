import { historyLua } from './history.ts'
import { publishLua } from './publish.ts'
import { script } from './script.ts'

/**
 * Begins another history, empty and with the same retention, and tells those who follow by a message that fits nobody.
 *
 * ARGV 3, 4: `PUBLISH` or `SPUBLISH`, and the name to publish under.
 *
 * What is left of a deleted channel goes after a day, whatever its retention says.
 */
export const deleteScript = script(`${historyLua}${publishLua}
begin()
redis.call('PEXPIRE', meta, 86400000)
publish(epoch .. ' 0 0 ')
return 'OK'
`)
