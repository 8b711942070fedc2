/**
 * What all scripts begin with: the channel's history, read from its meta hash and begun anew where there is none.
 *
 * KEYS 1, 2: stream and meta hash. ARGV 1, 2: an epoch in case one has to be made; the retention to use where the meta hash
 * names none (`maxEvents,maxBytes,maxAgeMs,idleMs`, the last two empty for off).
 *
 * Fields of a stream entry: `c` its check, `a` the server's time when it was stored (its own is that of a publisher, whose clock may
 * be wrong by more than `maxAgeMs`), `b` the payload bytes of the history up to and with it (so that what is
 * kept is a difference of two and never has to be counted), `e` the entry as JSON. Always in this order: scripts read by place.
 *
 * All numbers go through `%.0f`: Lua would write 10^15 as `1e+15`.
 */
export const historyLua = `
local stream, meta = KEYS[1], KEYS[2]
local function text(number) return string.format('%.0f', number) end

-- In milliseconds.
local time
local function now()
  if not time then
    local t = redis.call('TIME')
    time = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return time
end

local m = redis.call('HMGET', meta, 'epoch', 'head', 'check', 'bytes', 'first', 'before', 'beforeBytes', 'ended', 'retention')
local count = redis.call('XLEN', stream)
local epoch, head, check, bytes = m[1], tonumber(m[2]), m[3], tonumber(m[4])
local first, before, beforeBytes, ended = tonumber(m[5]), m[6], tonumber(m[7]), m[8] == '1'
local retention = m[9] or ''
if retention == '' then retention = ARGV[2] end
local maxEvents, maxBytes, maxAge, idle

local function retain(given)
  local events, size, age, unused = string.match(given, '^(%d+),(%d+),(%d*),(%d*)$')
  maxEvents, maxBytes, maxAge, idle = tonumber(events), tonumber(size), tonumber(age), tonumber(unused)
end
retain(retention)

local function save()
  redis.call('HSET', meta, 'epoch', epoch, 'head', text(head), 'check', check, 'bytes', text(bytes), 'first', text(first),
    'before', before, 'beforeBytes', text(beforeBytes), 'ended', ended and '1' or '')
end

local function expire()
  for i = 1, 2 do
    if idle then redis.call('PEXPIRE', KEYS[i], text(idle)) else redis.call('PERSIST', KEYS[i]) end
  end
end

local function begin()
  epoch, head, check, bytes = ARGV[1], 0, '0', 0
  first, before, beforeBytes, ended = 1, '0', 0, false
  save()
  redis.call('DEL', stream)
  expire()
end

-- A stream and a meta hash that do not fit (one was evicted, deleted or restored alone) are no history of anything.
if not epoch or count ~= head - first + 1 then begin() end

local function trim()
  local from = first
  if head - first + 1 > maxEvents then
    first = head - maxEvents + 1
    local id = '0-' .. text(first - 1)
    local last = redis.call('XRANGE', stream, id, id)[1][2]
    before, beforeBytes = last[2], tonumber(last[6])
  end
  local oldest = maxAge and now() - maxAge
  local size, stopped = 1, false
  while not stopped and first <= head and (oldest or (bytes - beforeBytes > maxBytes and first < head)) do
    local page = redis.call('XRANGE', stream, '0-' .. text(first), '+', 'COUNT', size)
    stopped = #page == 0
    for _, entry in ipairs(page) do
      local fields = entry[2]
      local isTooMuch = bytes - beforeBytes > maxBytes and first < head
      if not isTooMuch and not (oldest and tonumber(fields[4]) < oldest) then
        stopped = true
        break
      end
      first, before, beforeBytes = first + 1, fields[2], tonumber(fields[6])
    end
    size = math.min(size * 2, 64)
  end
  if first == from then return false end
  redis.call('XTRIM', stream, 'MINID', '0-' .. text(first))
  return true
end
`
