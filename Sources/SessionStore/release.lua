-- Takes back the claim of a message's id, if it is still this delivery's: another may have it by now, and be about to commit.
--
-- KEYS: the claim. ARGV: what the delivery claimed it with.
--
-- Answers how many were taken back.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
