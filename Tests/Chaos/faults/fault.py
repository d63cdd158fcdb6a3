"""What all faults have in common."""

import time


class Fault:
    """One kind of fault. `begin` strikes, `end` lets go; in between it holds for a while."""

    name = ""
    sentence = ""
    # Of Installation.offers.
    needs = frozenset()
    # How long it holds, in seconds: in a short round, and in a long one.
    short = (0.5, 1.5)
    long = (2.0, 8.0)
    # Whether a short round has time for it.
    is_quick = True
    # "broker" or "redis": this serves again some time after the end, and recovery is counted from then.
    restarts = None
    # Whether Redis may lose acknowledged writes with it, unless it waits for replicas.
    loses_writes = False
    # The command queue whose messages are thrown away.
    loses = None
    # Whether every struck worker must say that it is not ready, if the fault holds for long.
    is_outage = False

    def __init__(self, installation, load, random):
        self.installation, self.load, self.random = installation, load, random
        # All of them or one: then the other goes on.
        places = installation.places
        self.places = places if random.random() < 0.5 else [random.choice(places)]
        self.problems = []

    def begin(self):
        raise NotImplementedError

    def during(self):
        """Called again and again while the fault holds."""
        time.sleep(0.05)

    def end(self):
        raise NotImplementedError

    @property
    def serves(self):
        """Whether what it restarted accepts connections."""
        if self.restarts == "broker":
            return self.installation.broker_accepts()
        if self.restarts == "redis":
            return self.installation.redis_serves()
        return True
