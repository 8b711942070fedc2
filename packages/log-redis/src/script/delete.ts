import { historyLua } from './history.ts'
import { script } from './script.ts'

/**
 * Begins another history, empty and with the same retention, and tells those who follow by a message that fits nobody.
 *
 * ARGV 3, 4: `PUBLISH` or `SPUBLISH`, and the name to publish under.
 *
 * What is left of a deleted channel goes after a day, whatever its retention says.
 */
export const deleteScript = script(`${historyLua}
begin()
redis.call('PEXPIRE', meta, 86400000)
redis.call(ARGV[3], ARGV[4], epoch .. ' 0 0 ')
return 'OK'
`)
