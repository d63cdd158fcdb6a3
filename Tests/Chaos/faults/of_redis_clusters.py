"""Faults of a Redis Cluster. Each ends when every slot is served and has a replica again."""

import signal

from faults.fault import Fault
from workers import wait_until

WHOLE_SECONDS = 90


class ClusterMasterKilled(Fault):
    name = "cluster-master-killed"
    sentence = "SIGKILL of a master of a Redis Cluster; its replica becomes the master, and it returns as a replica"
    needs = frozenset({"redis cluster"})
    # Longer than it takes to replace it, and shorter.
    short = (1.0, 6.0)
    is_outage = True
    loses_writes = True

    def begin(self):
        self.places = self.installation.places
        self._master = self.random.choice(self.installation.redis.masters())
        self._master.end(signal.SIGKILL)

    def end(self):
        self._master.start()
        self._await_whole()

    def _await_whole(self):
        wait_until(self.installation.redis.is_whole, WHOLE_SECONDS, "a Redis Cluster that is whole")


class ClusterMasterReplaced(ClusterMasterKilled):
    name = "cluster-master-replaced"
    sentence = "an operator makes a replica the master of its slots (CLUSTER FAILOVER), which loses nothing"
    short = long = (1.0, 3.0)
    is_outage = False
    loses_writes = False

    def begin(self):
        self.installation.redis.replace_master(self.random)

    def end(self):
        self._await_whole()


class SlotsMoved(ClusterMasterKilled):
    name = "slots-moved"
    sentence = "slots with keys move to another master, key by key, under load"
    is_outage = False
    loses_writes = False

    def begin(self):
        self.during()

    def during(self):
        self.installation.redis.move_slots(self.random, count=3)

    def end(self):
        self._await_whole()
