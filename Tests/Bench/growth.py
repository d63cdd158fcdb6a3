"""What grows with the number of sessions: Redis memory, and the CPU of commands that should not notice."""

import collections
import statistics
import time

# Keys of each kind that are asked for their size.
SAMPLE = 500
KINDS = {b"a": "aggregate", b"t": "activity", b"d": "deadlines", b"o": "outbox", b"i": "inbox", b"c": "claims"}


def memory(commands, redis, sessions, say):
    """Creates `sessions` sessions, each of another subject, and returns what one takes in Redis.

    The worker forgets message ids after a second, so that the inbox neither counts nor enlarges the key space.
    """
    before = used(redis)
    at_once = 50_000  # bodies in a file
    while commands.created < sessions:
        count = min(at_once, sessions - commands.created)
        commands.create(count, 256, "tokens")
        check_and_keep(commands)
        say(f"    {commands.created} of {sessions} created")
    forget_inbox(redis)
    total = used(redis) - before
    return {
        "sessions": sessions,
        "bytesPerSession": total / sessions,
        "keys": redis("DBSIZE"),
        "meanBytesOfKeys": sizes(redis),
    }


def check_and_keep(commands):
    """Fails if a session was not created, and keeps the tokens for the measurement of validates."""
    commands.session_tokens = getattr(commands, "session_tokens", [])
    commands.session_tokens += [tokens["session"] for tokens in commands.tokens("tokens")]


def used(redis):
    """Allocated bytes, without the buffers of this connection."""
    return int(redis.info("memory", "used_memory_dataset")) + int(redis.info("memory", "used_memory_overhead")) - int(
        redis.info("memory", "mem_clients_normal"))


def forget_inbox(redis):
    """Waits until what is remembered for a second is gone: at most a minute, for Redis expires keys in its own time."""
    for _ in range(600):
        left = [key for kind in ("i", "c") for key in redis.keys(f"memory:{{??}}:{kind}:*")]
        if not left:
            return
        time.sleep(0.1)
    raise SystemExit("error: the inbox did not expire within a minute")


def sizes(redis):
    """The mean of MEMORY USAGE of each kind of key: what its bytes are spent on."""
    found = collections.defaultdict(list)
    for key in redis.keys("memory:{??}:*"):
        kind = KINDS.get(key.split(b":")[2])
        if kind and len(found[kind]) < SAMPLE:
            found[kind].append(key)
    return {
        kind: statistics.mean(redis.many([("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys]))
        for kind, keys in found.items()}


def measure(commands, memory_commands, options, pool, say):
    """The ratios for which the issue has targets: many sessions against few, a subject with many against one."""
    count = max(5_000, int(40_000 * options.scale))
    everyone = memory_commands.loader.bodies("everyone", ({"token": token} for token in memory_commands.session_tokens))
    few = memory_commands.loader.bodies("few", ({"token": token} for token in memory_commands.session_tokens[:1000]))
    ratios = []
    for index in range(options.rounds):
        pair = [
            memory_commands.run("session.validate", bodies, count, options.outstanding)["serverCpu"]
            for bodies in (everyone, few)]
        ratios.append(pair[0] / pair[1])
        say(f"    validate: all {options.sessions} sessions in turn {pair[0]:.1f} µs, 1000 of them {pair[1]:.1f} µs")
    return [{
        "what": f"CPU of a validate, {options.sessions} sessions in turn against 1000", "ratio": statistics.median(ratios),
        "target": 1.15}]
