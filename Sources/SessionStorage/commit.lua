-- Commits one aggregate, all or nothing. Every command uses this script.
--
-- KEYS: the aggregate, its partition's deadline index, its partition's outbox, then one inbox entry per result, then one
--       activity log per activity.
-- ARGV: the revision that was read; the lifetime of inbox entries in milliseconds; the seconds after which the
--       aggregate expires, 0 to remove its expiry, -1 to leave it unchanged; six counts, followed by that many items
--       each:
--       fields to set (field, value), fields to remove (field), deadlines to set (milliseconds, member),
--       deadlines to remove (member), events (id, sealed), results (sealed); then the last millisecond at which this
--       commit may be stored; finally, for each activity log, its entry and the milliseconds after which the log expires.
--
-- Returns an empty array if the revision has changed, a message was already carried out, or the decision is too old:
-- load and decide again. Otherwise returns the new revision, then the ids of the events in the outbox.
--
-- A script that fails midway keeps its writes. So everything that can fail is checked before the first write: whether
-- the user may run all commands (permissions can be revoked while workers run), the types of the keys, and the
-- revision.

local aggregate, deadlines, outbox = KEYS[1], KEYS[2], KEYS[3]
local lifetime, retention = ARGV[2], tonumber(ARGV[3])
local sets, removals, schedules, cancellations, events, results =
    tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local at = 11

-- Whether the user lacks permission for this command; Redis before 7.0 cannot tell.
local function refuses(...)
    return redis.acl_check_cmd and not redis.acl_check_cmd(...)
end
if refuses('HGET', aggregate, 'r') or refuses('HSET', aggregate, '-', '-') or refuses('HINCRBY', aggregate, 'r', '1')
    or (removals > 0 and refuses('HDEL', aggregate, '-'))
    or (retention > 0 and refuses('EXPIRE', aggregate, '1')) or (retention == 0 and refuses('PERSIST', aggregate))
    or (schedules > 0 and refuses('ZADD', deadlines, '0', '-'))
    or (cancellations > 0 and refuses('ZREM', deadlines, '-'))
    or (events > 0 and refuses('XADD', outbox, '*', 'i', '-'))
    or (results > 0 and (refuses('EXISTS', KEYS[4]) or refuses('SET', KEYS[4], '-', 'PX', '1')))
    or (#KEYS > 3 + results and (refuses('LPUSH', KEYS[#KEYS], '-') or refuses('LTRIM', KEYS[#KEYS], '0', '1')
        or refuses('PEXPIRE', KEYS[#KEYS], '1')))
    or refuses('TIME') or refuses('TYPE', aggregate)
then
    return redis.error_reply('NOPERM this user may not run all that a commit runs')
end

local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(ARGV[10]) then return {} end
local revision = redis.call('HGET', aggregate, 'r') or '0'
if revision ~= ARGV[1] then return {} end
for i = 4, 3 + results do
    if redis.call('EXISTS', KEYS[i]) == 1 then return {} end
end

local function holds(key, kind)
    local type = redis.call('TYPE', key).ok
    return type == kind or type == 'none'
end
local areTypesRight = (schedules + cancellations == 0 or holds(deadlines, 'zset'))
    and (events == 0 or holds(outbox, 'stream'))
for i = 4 + results, #KEYS do
    areTypesRight = areTypesRight and holds(KEYS[i], 'list')
end
if not areTypesRight then
    return redis.error_reply('WRONGTYPE a key of the commit holds something else')
end

local reply = { revision }
if sets + removals > 0 then
    -- Add 1 to 1000000, from the microseconds of the clock. If Redis loses writes, the writes that replace them reach
    -- another revision, so a worker that saw the lost ones cannot mistake one state for the other.
    reply[1] = string.format('%.0f', redis.call('HINCRBY', aggregate, 'r', 1 + time[2]))
end
-- Before the state, because appending to a full stream fails.
local event = at + 2 * sets + removals + 2 * schedules + cancellations
for _ = 1, events do
    reply[#reply + 1] = redis.call('XADD', outbox, '*', 'i', ARGV[event], 'e', ARGV[event + 1])
    event = event + 2
end

-- Runs `command` on `key` with the next `count` arguments, in parts that fit Lua's stack (LUAI_MAXCSTACK, 8000 values).
local function change(command, key, count)
    for first = at, at + count - 1, 1000 do
        redis.call(command, key, unpack(ARGV, first, math.min(first + 999, at + count - 1)))
    end
    at = at + count
end
change('HSET', aggregate, 2 * sets)
change('HDEL', aggregate, removals)
if sets + removals > 0 then
    if retention > 0 then
        redis.call('EXPIRE', aggregate, retention)
    elseif retention == 0 then
        redis.call('PERSIST', aggregate)
    end
end
change('ZADD', deadlines, 2 * schedules)
change('ZREM', deadlines, cancellations)

at = event
for i = 4, 3 + results do
    redis.call('SET', KEYS[i], ARGV[at], 'PX', lifetime)
    at = at + 1
end
for i = 4 + results, #KEYS do
    redis.call('LPUSH', KEYS[i], ARGV[at])
    redis.call('LTRIM', KEYS[i], 0, 199)
    redis.call('PEXPIRE', KEYS[i], ARGV[at + 1])
    at = at + 2
end
return reply
