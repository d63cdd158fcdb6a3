-- Replaces old sealed bytes with new ones wherever the old bytes are still in place; values that a worker has changed
-- in the meantime stay. The revision does not change, because nothing that decisions depend on does.
--
-- KEYS: one key. ARGV: its type (hash, string or list), then any number of triples: field (empty except for a hash),
--       old bytes, new bytes.
--
-- Returns how many values were replaced.

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
        -- By value, not by index: entries may be added at either end in the meantime.
        redis.call('LREM', key, 1, old)
        count = count + 1
    end
end
return count
