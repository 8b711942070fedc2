/**
 * Publishes a message as ARGV 3 and 4 say: `PUBLISH` or `SPUBLISH`, and the name. A server that does not know the second
 * (before Redis 7) publishes plainly, which its cluster sends to all nodes.
 */
export const publishLua = `
local function publish(message)
  if ARGV[3] == 'PUBLISH' then
    redis.call('PUBLISH', ARGV[4], message)
    return
  end
  local answer = redis.pcall('SPUBLISH', ARGV[4], message)
  if type(answer) ~= 'table' then return end
  if not string.find(answer.err, 'nknown') then error(answer.err, 0) end
  redis.call('PUBLISH', ARGV[4], message)
end
`
