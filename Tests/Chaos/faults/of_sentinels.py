"""Faults of a Redis master that Sentinels watch. Each ends when there are a master and two replicas again."""

import signal

from faults.fault import Fault
from workers import wait_until

WHOLE_SECONDS = 90


class SentinelMasterKilled(Fault):
    name = "sentinel-master-killed"
    sentence = "SIGKILL of the master; the Sentinels make a replica the master, and it returns as a replica"
    needs = frozenset({"sentinels"})
    # Longer than it takes to replace it, and shorter.
    short = (1.0, 6.0)
    is_outage = True
    loses_writes = True

    def begin(self):
        self.places = self.installation.places
        self._master = self.installation.redis.master()
        self._master.end(signal.SIGKILL)

    def end(self):
        self._master.start()
        self._await_whole()

    def _await_whole(self):
        wait_until(self.installation.redis.is_whole, WHOLE_SECONDS, "a master and two replicas")


class SentinelMasterPaused(SentinelMasterKilled):
    """It comes back as a master that was replaced, until the Sentinels tell it."""

    name = "sentinel-master-paused"
    sentence = "SIGSTOP of the master for longer than it takes to replace it; continued"
    short = long = (4.0, 10.0)

    def begin(self):
        self.places = self.installation.places
        self._master = self.installation.redis.master()
        self._master.process.send_signal(signal.SIGSTOP)

    def end(self):
        self._master.process.send_signal(signal.SIGCONT)
        self._await_whole()


class SentinelMasterReplaced(SentinelMasterKilled):
    name = "sentinel-master-replaced"
    sentence = "an operator has the Sentinels make a replica the master (SENTINEL FAILOVER)"
    short = long = (3.0, 5.0)
    is_outage = False

    def begin(self):
        self.installation.redis.replace_master()

    def end(self):
        self._await_whole()
