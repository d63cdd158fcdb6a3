"""Faults of one node of three: a majority is left, so the others go on."""

import signal

from faults.fault import Fault


class BrokerNodeKilled(Fault):
    name = "broker-node-killed"
    sentence = "SIGKILL of one of three RabbitMQ nodes; started again"
    needs = frozenset({"broker cluster"})
    sent = signal.SIGKILL

    def begin(self):
        self._node = self.random.choice(self.installation.broker.nodes)
        self._node.end(self.sent)

    def end(self):
        self._node.start()
        # Until then, the next fault would leave a minority.
        self._node.await_serving()


class BrokerNodeRestarted(BrokerNodeKilled):
    name = "broker-node-restarted"
    sentence = "one of three RabbitMQ nodes is stopped in order, and started again"
    sent = signal.SIGTERM
    is_quick = False


class BrokerNodeFrozen(BrokerNodeKilled):
    name = "broker-node-frozen"
    sentence = "SIGSTOP of one of three RabbitMQ nodes, in a long round for longer than a heartbeat; continued"
    short = (2.0, 4.0)
    long = (5.0, 28.0)

    def begin(self):
        self._node = self.random.choice(self.installation.broker.nodes)
        self._node.signal(signal.SIGSTOP)

    def end(self):
        self._node.signal(signal.SIGCONT)
        self._node.await_serving()
