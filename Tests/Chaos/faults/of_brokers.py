"""Faults of the broker."""

import signal

from faults.fault import Fault
from installation import NAMESPACE


class BrokerRestarted(Fault):
    name = "broker-restarted"
    sentence = "the broker is stopped in order, and started again"
    needs = frozenset({"broker"})
    is_quick = False
    restarts = "broker"
    is_outage = True
    sent = signal.SIGTERM

    def begin(self):
        self.places = self.installation.places
        self.installation.broker.end(self.sent)

    def end(self):
        self.installation.broker.start()


class BrokerKilled(BrokerRestarted):
    name = "broker-killed"
    sentence = "SIGKILL of the broker; started again"
    sent = signal.SIGKILL


class BrokerAlarm(Fault):
    name = "broker-alarm"
    sentence = "a memory alarm: the broker reads nothing from whoever publishes"
    needs = frozenset({"broker"})
    is_quick = False
    long = (5.0, 20.0)

    def begin(self):
        self.installation.broker.control("set_vm_memory_high_watermark", "absolute", "1MB")

    def end(self):
        self.installation.broker.control("set_vm_memory_high_watermark", "0.6")


class ConnectionsClosed(Fault):
    name = "connections-closed"
    sentence = "an operator closes every connection to the broker (rabbitmqctl close_all_connections)"
    needs = frozenset({"broker"})
    is_quick = False
    short = long = (0.0, 0.0)

    def begin(self):
        self.installation.broker.control("close_all_connections", "an operator's wish")

    def end(self):
        pass


class QueueDeleted(Fault):
    name = "queue-deleted"
    sentence = "a command queue is deleted under its consumers, with what was in it"
    needs = frozenset({"broker"})
    short = long = (1.0, 1.0)

    def __init__(self, installation, load, random):
        super().__init__(installation, load, random)
        self.loses = random.choice(["validate", "manage", "revoke"])

    def begin(self):
        queue = f"{NAMESPACE}.commands.{self.loses}"
        self.installation.with_channel(lambda channel: channel.queue_delete(queue))

    def end(self):
        pass


class RepliesUnread(Fault):
    name = "replies-unread"
    sentence = "commands whose replies go to a queue that nobody reads, and to a full one that refuses them"
    needs = frozenset({"broker"})
    COUNT = 400

    def begin(self):
        from load import FULL, UNREAD

        def declare(channel):
            channel.queue_declare(UNREAD, durable=True)
            limits = {"x-max-length": 5, "x-overflow": "reject-publish"}
            channel.queue_declare(FULL, durable=True, arguments=limits)

        self.installation.with_channel(declare)
        self.load.send_without_reader(self.COUNT)

    def end(self):
        pass
