import { historyLua } from './history.ts'
import { publishLua } from './publish.ts'
import { script } from './script.ts'

/**
 * How long a writer's last batch is known, in milliseconds. A client that waits for an answer on a dead connection sends the batch
 * again when that has been given up: after a quarter of an hour with TCP's usual settings. So it stays for as long as an unused
 * channel does (`idleMs`), within these bounds: many channels that are written to once would else be outlived by their writers.
 */
const writerMs = { least: 60 * 60 * 1000, most: 24 * 60 * 60 * 1000 }

/**
 * Stores a batch of one channel's entries, all of it or nothing.
 *
 * KEYS 3: what this writer's last batch came to; 4 …: idempotency keys. ARGV 3 …: `PUBLISH` or `SPUBLISH`, the name to publish
 * under, the batch's number, for how long to remember idempotency keys; then for each entry: JSON, check, payload bytes, kind, and
 * the place of its idempotency key in KEYS (0: none).
 *
 * A client that lost its connection may send the same batch again by itself, so that a batch that was stored is answered once
 * more, and one that was overtaken, whose caller has been told long ago that it failed, is refused.
 *
 * Checks for writes come first: Redis takes back nothing of a script that fails halfway.
 */
export const appendScript = script(`${historyLua}${publishLua}
local done = redis.call('GET', KEYS[3])
local batch, remember = tonumber(ARGV[5]), ARGV[6]
if done then
  local number, reply = string.match(done, '^(%d+) (.*)$')
  if tonumber(number) == batch then return reply end
  if tonumber(number) > batch then return redis.error_reply('OVERTAKEN a later batch of this writer was stored') end
end

local replies, messages = {}, {}
for i = 7, #ARGV, 5 do
  local json, itsCheck, size, kind, place = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local known = place > 0 and redis.call('GET', KEYS[place])
  local knownEpoch, position
  if known then knownEpoch, position = string.match(known, '^(%w+) (.*)$') end
  if position and knownEpoch == epoch then
    replies[#replies + 1] = position
  elseif ended then
    replies[#replies + 1] = 'ended'
  else
    local previous = check
    head, check, bytes, ended = head + 1, itsCheck, bytes + tonumber(size), kind == 'end'
    redis.call('XADD', stream, '0-' .. text(head), 'c', check, 'a', text(now()), 'b', text(bytes), 'e', json)
    position = text(head) .. ':' .. check
    if place > 0 then redis.call('SET', KEYS[place], epoch .. ' ' .. position, 'PX', remember) end
    replies[#replies + 1] = position
    messages[#messages + 1] = epoch .. ' ' .. text(head) .. ' ' .. previous .. ' ' .. json
  end
end

local reply = epoch .. ' ' .. table.concat(replies, ',')
local lifetime = math.max(${writerMs.least}, math.min(idle or ${writerMs.most}, ${writerMs.most}))
redis.call('SET', KEYS[3], text(batch) .. ' ' .. reply, 'PX', text(lifetime))
trim()
save()
expire()
for _, message in ipairs(messages) do publish(message) end
return reply
`)
