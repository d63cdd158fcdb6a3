-- Returns the commands that a worker needs but its user may not run on the namespace's keys; an empty array if none is
-- missing. Runs none of them and writes nothing.
--
-- KEYS: one of each kind, of one partition: an aggregate, an activity log, the deadlines, the outbox, an inbox entry, a
--       claim, a lease, a walk. ARGV: the key that records the keyring, which is in no partition.

local aggregate, activity, deadlines, outbox, inbox, claim, lease, walk =
    KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local needed = {
    -- Commands that workers send.
    { 'PING' }, { 'TIME' },
    { 'SET', ARGV[1], '-', 'NX', 'GET' }, { 'GET', ARGV[1] },
    { 'HGETALL', aggregate }, { 'HMGET', aggregate, 'r' },
    { 'SET', claim, '-', 'NX', 'GET', 'PX', '1' }, { 'GET', inbox },
    { 'LRANGE', activity, '0', '-1' },
    { 'ZRANGEBYSCORE', deadlines, '-inf', '0', 'LIMIT', '0', '1' }, { 'ZADD', deadlines, 'XX', '0', '-' },
    { 'ZREM', deadlines, '-' },
    { 'XRANGE', outbox, '-', '+', 'COUNT', '1' }, { 'XDEL', outbox, '0-1' }, { 'XLEN', outbox },
    { 'SET', lease, '-', 'NX', 'GET', 'PX', '1' }, { 'PEXPIRE', lease, '1' },
    { 'ZSCAN', deadlines, '0', 'COUNT', '1' }, { 'GET', walk }, { 'SET', walk, '0', 'PX', '1' },
    -- Commands that scripts run.
    { 'TYPE', aggregate }, { 'HGET', aggregate, 'r' }, { 'HSET', aggregate, '-', '-' }, { 'HDEL', aggregate, '-' },
    { 'HINCRBY', aggregate, 'r', '1' }, { 'EXPIRE', aggregate, '1' }, { 'PERSIST', aggregate },
    { 'EXISTS', inbox }, { 'SET', inbox, '-', 'PX', '1' },
    { 'ZADD', deadlines, '0', '-' }, { 'XADD', outbox, '*', 'i', '-' },
    { 'LPUSH', activity, '-' }, { 'LTRIM', activity, '0', '1' }, { 'PEXPIRE', activity, '1' },
    { 'GET', claim }, { 'DEL', claim },
}

local refused, seen = {}, {}
-- Since Redis 7.0. Earlier versions report a refusal only when it happens.
if not redis.acl_check_cmd then return refused end
for _, command in ipairs(needed) do
    -- Throws for a command that the server does not have.
    local known, may = pcall(redis.acl_check_cmd, unpack(command))
    if not (known and may) and not seen[command[1]] then
        seen[command[1]] = true
        refused[#refused + 1] = command[1]
    end
end
return refused
