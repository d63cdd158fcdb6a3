"""The arrangements of RabbitMQ and Redis that chaos can disturb. Workers reach servers without a proxy in all but the
first: members of a cluster name each other's addresses."""

from contextlib import ExitStack

from brokers import Broker, BrokerCluster
from installation import QUIET, Installation
from redis_servers import REPLICAS, RedisCluster, RedisServer, SentinelSet
from servers import open_redis


class _Unproxied(Installation):
    redis_url = ""

    def open_ways(self, place):
        return {"SOJOURN_AMQP_URL": self.amqp_url, "SOJOURN_REDIS_URL": self.redis_url}

    def open_store(self):
        return open_redis(self.redis_url, socket_timeout=5)


class WithBrokerCluster(_Unproxied):
    offers = {"workers", "broker cluster"}
    # On every node, so that what was confirmed is there whichever node dies.
    queue_arguments = {"x-queue-type": "quorum"}

    def start_servers(self):
        (self.folder / "broker").mkdir()
        self.broker = BrokerCluster(self.folder / "broker", QUIET)
        self.redis = RedisServer(self.folder / "redis")
        self.redis.await_serving()
        self.redis_url = self.redis.url

    def open_ways(self, place):
        # Each worker begins with another node, so that one that is struck has clients.
        urls = self.broker.url.split(",")
        urls = urls[place.number % len(urls):] + urls[:place.number % len(urls)]
        return super().open_ways(place) | {"SOJOURN_AMQP_URL": ",".join(urls)}

    def control(self, *arguments):
        return next(node for node in self.broker.nodes if node.serves()).control(*arguments)


class _WithReplicas(_Unproxied):
    """Workers wait for all replicas, unless the settings say otherwise: the servers may promote any of them."""

    servers = None
    replicas = 0  # of each master

    def __init__(self, binaries, folder, workers=2, settings=()):
        settings = {"SOJOURN_REDIS_REPLICAS": str(self.replicas)} | dict(settings)
        self.is_lossy = int(settings["SOJOURN_REDIS_REPLICAS"]) < self.replicas
        super().__init__(binaries, folder, workers, settings)

    def start_servers(self):
        (self.folder / "broker").mkdir()
        self.broker = Broker(self.folder / "broker", QUIET)
        self.redis = self.servers(self.folder / "redis")
        self.redis_url = self.redis.url

    def stop_servers(self):
        with ExitStack() as stack:
            stack.callback(self.broker.stop)
            stack.callback(self.redis.stop)

    def redis_serves(self):
        return self.redis.is_whole()


class WithSentinels(_WithReplicas):
    offers = {"workers", "sentinels"}
    servers = SentinelSet
    replicas = REPLICAS


class WithRedisCluster(_WithReplicas):
    offers = {"workers", "redis cluster"}
    servers = RedisCluster
    replicas = 1


ARRANGEMENTS = {
    "single": Installation, "rabbitmq-cluster": WithBrokerCluster, "redis-sentinel": WithSentinels,
    "redis-cluster": WithRedisCluster,
}  # fmt: skip
