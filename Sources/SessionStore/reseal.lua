-- Puts newly sealed bytes in the place of old ones, where the old ones still are: what a worker has written meanwhile
-- stays. The revision does not change, as nothing that a decision rests on does.
--
-- KEYS: one key. ARGV: what it is (hash, string or list), then as many threes as wanted: the field (empty but in a hash),
--       the old bytes, the new bytes.
--
-- Answers how many were put into place.

local key, kind, count = KEYS[1], ARGV[1], 0

for i = 2, #ARGV, 3 do
    local field, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if kind == 'hash' then
        if redis.call('HGET', key, field) == old then
            redis.call('HSET', key, field, new)
            count = count + 1
        end
    elseif kind == 'string' then
        if redis.call('GET', key) == old then
            redis.call('SET', key, new, 'KEEPTTL')
            count = count + 1
        end
    elseif redis.call('LINSERT', key, 'BEFORE', old, new) > 0 then
        -- By value, not by index: entries may be added at either end meanwhile.
        redis.call('LREM', key, 1, old)
        count = count + 1
    end
end
return count
