"""What grows with the number of sessions: Redis memory, and the CPU of commands that should not notice."""

import collections
import statistics
import time

from commands import check, create_body

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


def measure(commands, memory_commands, options, redis, say):
    """The ratios for which there are targets: many sessions against few, a subject with many against one, a high limit against a
    low one, and validates beside expiries."""
    return [
        many_sessions(memory_commands, options, say),
        large_subject(commands, options, say),
        *high_limit(commands, options, say),
        *expiries(commands, options, redis, say),
    ]


def compared(options, what, target, sides, field, say):
    """The median of the ratios of two sides, which take turns."""
    ratios = []
    for index in range(options.rounds):
        order = list(sides.items()) if index % 2 == 0 else list(sides.items())[::-1]
        found = {name: run()[field] for name, run in order}
        many, few = (found[name] for name in sides)
        ratios.append(many / few)
        say("    " + ", ".join(f"{name}: {found[name]:.1f} µs" for name in sides))
    return {"what": what, "ratio": statistics.median(ratios), "target": target}


def validates(commands, options, name, tokens):
    """A run that validates these tokens in turn."""
    bodies = commands.loader.bodies(name, ({"token": token} for token in tokens))
    count = max(5_000, int(40_000 * options.scale))
    return lambda: commands.run("session.validate", bodies, count, options.outstanding)


def many_sessions(commands, options, say):
    everyone = validates(commands, options, "everyone", commands.session_tokens)
    few = validates(commands, options, "few", commands.session_tokens[:1000])
    return compared(
        options, f"CPU of a validate, {options.sessions} sessions in turn against 1000", 1.15,
        {f"validate, {options.sessions} sessions in turn": everyone, "1000 of them": few}, "serverCpu", say)


# --- subjects ------------------------------------------------------------------------------------------------------------


def with_limit(commands, limit):
    """The name of a policy with this limit, which it puts."""
    name = f"limit-{limit}"
    bodies = commands.loader.bodies("policy", [{"name": name, "policy": {"maxSessions": limit}}])
    commands.run("policy.put", bodies, 1, 1, "policy")
    check(commands.loader.replies("policy"), "policy.put")
    time.sleep(1.5)  # a policy is in force within a second (contract §3)
    return name


def filled(commands, subjects, limit, sessions):
    """Creates as many sessions for each of the subjects, under a policy with this limit; returns their tokens, and bodies that
    create one more for each subject in turn."""
    policy = with_limit(commands, limit)
    prefix = f"subject-{limit}-{sessions}"
    one_each = [create_body(f"{prefix}-{number}") | {"policy": policy} for number in range(subjects)]
    bodies = commands.loader.bodies(f"create-{prefix}", one_each)
    commands.run("session.create", bodies, subjects * sessions, subjects, prefix)
    return [tokens["session"] for tokens in commands.tokens(prefix)], bodies


def large_subject(commands, options, say):
    """A validate loads its session alone, however many the subject has."""
    of_one, _ = filled(commands, 1, 1000, 1000)
    of_many, _ = filled(commands, 1000, 1000, 1)
    return compared(
        options, "CPU of a validate, subject with 1000 sessions against 1", 1.15,
        {"validate, 1000 sessions of one subject": validates(commands, options, "one", of_one),
         "of 1000 subjects": validates(commands, options, "each", of_many)}, "serverCpu", say)


def high_limit(commands, options, say):
    """A create at the limit decides about all sessions of the subject, and evicts one. Creates that wait at the same time are
    decided together."""
    _, high = filled(commands, 1, 1000, 1000)
    _, low = filled(commands, 1, 5, 5)
    rows = []
    for window, count, words in (
        (1, max(50, int(200 * options.scale)), "one at a time"),
        (options.outstanding, max(1000, int(5000 * options.scale)), f"{options.outstanding} outstanding"),
    ):
        run = lambda bodies, n=count, w=window: lambda: commands.run("session.create", bodies, n, w)  # noqa: E731
        rows.append(compared(
            options, f"CPU of a create that evicts, limit 1000 against 5, {words}", 3,
            {f"create at a limit of 1000, {words}": run(high), "of 5": run(low)}, "serverCpu", say))
    return rows


# --- expiries ------------------------------------------------------------------------------------------------------------

EXPIRIES_PER_SECOND = 2000
VALIDATES_PER_SECOND = 1000
SECONDS = 10
# An expiry that is this many seconds late is not kept up with.
LATENESS = 2


def expiries(commands, options, redis, say):
    """Validates at a fixed rate, first alone and then while sessions expire; and whether the expiries were in time."""
    seconds = max(3, int(SECONDS * min(1, options.scale)))
    pool = commands.validate_bodies(1000)
    run = lambda: commands.run(  # noqa: E731
        "session.validate", pool, VALIDATES_PER_SECOND * seconds, options.outstanding, rate=VALIDATES_PER_SECOND)
    ratios, overdue = [], []
    for _ in range(max(1, min(3, options.rounds))):
        alone = run()
        await_expiries(commands, EXPIRIES_PER_SECOND * (seconds + 4))
        beside = run()
        late = overdue_sessions(redis)
        ratios.append(beside["p50"] / alone["p50"])
        overdue.append(late)
        say(f"    validate at {VALIDATES_PER_SECOND}/s: p50 {alone['p50']:.3f} ms alone, {beside['p50']:.3f} ms beside "
            f"{EXPIRIES_PER_SECOND} expiries a second (p99 {alone['p99']:.2f}, {beside['p99']:.2f}); overdue afterwards: {late}")
    return [
        {"what": f"latency of a validate beside {EXPIRIES_PER_SECOND} expiries a second", "ratio": statistics.median(ratios),
         "target": 1.1},
        {"what": f"sessions overdue by {LATENESS} s after that", "ratio": max(overdue), "target": 0},
    ]


def await_expiries(commands, count):
    """Creates sessions that expire one after another, evenly, and returns shortly after the first have.

    Deadlines are whole seconds from a session's creation, so the seconds that creating takes are subtracted.
    """
    began = time.monotonic()
    at_once = 4000
    first = 20 + count / 2500  # by then all are created
    for start in range(0, count, at_once):
        elapsed = time.monotonic() - began
        number = min(at_once, count - start)
        lives = [max(2, round(first - elapsed + (start + index) / EXPIRIES_PER_SECOND)) for index in range(number)]
        bodies = commands.loader.bodies("brief", (
            create_body(f"brief-{commands.created + start + index}") | {"idleSeconds": life, "absoluteSeconds": life}
            for index, life in enumerate(lives)))
        commands.run("session.create", bodies, number, 256)
    commands.created += count
    left = first + 1 - (time.monotonic() - began)
    if left < 0:
        raise SystemExit("error: sessions cannot be created fast enough to measure their expiry")
    time.sleep(left)


def overdue_sessions(redis):
    """How many deadlines passed so long ago that their sessions should be over."""
    seconds, _ = redis("TIME")
    latest = (int(seconds) - LATENESS) * 1000
    return sum(redis("ZCOUNT", key, "-inf", latest) for key in redis.keys("bench:{??}:d"))
