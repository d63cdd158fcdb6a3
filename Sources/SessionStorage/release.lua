-- Releases the claim of a message id if this delivery still holds it. Another delivery may hold it by now and be about
-- to commit.
--
-- KEYS: the claim. ARGV: the value the delivery claimed it with.
--
-- Returns the number of claims released.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
