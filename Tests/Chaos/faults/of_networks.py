"""Faults between a worker and its servers: connections that are cut, and such that stand still in one direction."""

import time

from faults.fault import Fault
from proxy import FROM_SERVER, TO_SERVER


class Cut(Fault):
    needs = frozenset({"proxies"})
    is_outage = True
    proxy = ""

    @property
    def proxies(self):
        return [getattr(place, self.proxy) for place in self.places]

    def begin(self):
        for proxy in self.proxies:
            proxy.cut()

    def end(self):
        for proxy in self.proxies:
            proxy.restore()


class AMQPCut(Cut):
    name = "amqp-cut"
    sentence = "the connections of a worker, or of both, to the broker are cut, and refused for a while"
    proxy = "to_broker"


class RedisCut(Cut):
    name = "redis-cut"
    sentence = "the connections of a worker, or of both, to Redis are cut, and refused for a while"
    proxy = "to_redis"


class AMQPConnectionsLost(Cut):
    """What was sent over the others arrives, for instance acknowledgements behind publications that were lost."""

    name = "amqp-connections-lost"
    sentence = "single connections of a worker to the broker are lost, with what was under way to it; the others stay"
    proxy = "to_broker"
    is_outage = False

    def begin(self):
        self.during()

    def during(self):
        for proxy in self.proxies:
            proxy.freeze(TO_SERVER)
        time.sleep(self.random.uniform(0.02, 0.2))
        for proxy in self.proxies:
            proxy.break_one(self.random.choice)
            proxy.thaw()
        time.sleep(self.random.uniform(0.1, 0.5))

    def end(self):
        pass


class Stalled(Cut):
    """Afterwards either everything arrives late, or the connections turn out to be lost."""

    is_outage = False
    short = (1.0, 3.0)
    way = ""

    def begin(self):
        for proxy in self.proxies:
            proxy.freeze(self.way)

    def end(self):
        is_lost = self.random.random() < 0.5
        for proxy in self.proxies:
            if is_lost:
                proxy.cut()
                proxy.restore()
            else:
                proxy.thaw()


class AMQPStalledToBroker(Stalled):
    name = "amqp-stalled-to-broker"
    sentence = "what a worker sends to the broker does not arrive, in a long round for longer than a heartbeat"
    proxy, way = "to_broker", TO_SERVER
    long = (5.0, 28.0)


class AMQPStalledToWorker(Stalled):
    name = "amqp-stalled-to-worker"
    sentence = "what the broker sends to a worker does not arrive, in a long round for longer than a heartbeat"
    proxy, way = "to_broker", FROM_SERVER
    long = (5.0, 28.0)


class RedisStalledToRedis(Stalled):
    name = "redis-stalled-to-redis"
    sentence = "what a worker sends to Redis does not arrive"
    proxy, way = "to_redis", TO_SERVER


class RedisStalledToWorker(Stalled):
    name = "redis-stalled-to-worker"
    sentence = "what Redis sends to a worker does not arrive"
    proxy, way = "to_redis", FROM_SERVER
