import { historyLua } from './history.ts'
import { script } from './script.ts'

/**
 * Reads a page with the bounds of the same moment.
 *
 * ARGV 3 …: `start`, `head` or `position`; that position's epoch, offset and check; how many entries.
 * Gives epoch, first, head, ended, invalidity, offset and check of where the page begins, then the entries' JSON.
 */
export const readScript = script(`${historyLua}
if trim() then save() end
-- Whoever reads keeps the channel in use; not at each read, since that is a write.
if idle and redis.call('PTTL', meta) < idle * 0.75 then expire() end

local function checkAt(offset)
  if offset == first - 1 then return before end
  if offset == head then return check end
  local id = '0-' .. text(offset)
  return redis.call('XRANGE', stream, id, id)[1][2][2]
end

local mode, itsEpoch, itsOffset, itsCheck = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local invalid, after, afterCheck = '', first - 1, before
if mode == 'head' then
  after, afterCheck = head, check
elseif mode == 'position' then
  if itsEpoch ~= epoch or itsOffset > head then invalid = 'unknown'
  elseif itsOffset < first - 1 then invalid = 'expired'
  elseif checkAt(itsOffset) ~= itsCheck then invalid = 'unknown'
  else after, afterCheck = itsOffset, itsCheck end
end

local reply = { epoch, text(first), text(head), ended and '1' or '', invalid, text(after), afterCheck }
local limit = tonumber(ARGV[7])
if limit > 0 and after < head then
  for _, entry in ipairs(redis.call('XRANGE', stream, '0-' .. text(after + 1), '+', 'COUNT', text(limit))) do
    reply[#reply + 1] = entry[2][8]
  end
end
return reply
`)
