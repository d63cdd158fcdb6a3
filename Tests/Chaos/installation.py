"""What is disturbed: a broker, a Redis, two workers, and between them a proxy for each connection."""

import json
import pathlib
import subprocess
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pika
import requests

from brokers import Broker
from proxy import Proxy
from redis_server import SteppedRedis
from servers import open_broker
from workers import Worker

NAMESPACE = "chaos"
# The default policy, and one that rejects what does not fit.
POLICIES = {"default": {}, "pair": {"maxSessions": 2, "onLimit": "reject"}}
LIMITS = {"default": 5, "pair": 2}
QUIET = "log.file.level = warning"
PATIENCE = {"heartbeat": 0, "socket_timeout": 5, "stack_timeout": 5}
QUEUES = ["validate", "manage", "revoke", "admin", "unknown"]


class Place:
    """The place of one worker: its way to the servers, and the worker that runs there at present."""

    def __init__(self, installation, number):
        self.number = number
        self._installation = installation
        self.proxies = []
        self._urls = installation.open_ways(self)
        self._starts = 0
        self.start()

    def proxy(self, url):
        """A proxy of its own for the server of this URL."""
        server = urlsplit(url)
        proxy = Proxy((server.hostname, server.port))
        proxy.restore()
        self.proxies.append(proxy)
        return proxy

    def start(self):
        self._starts += 1
        installation = self._installation
        self.worker = Worker(
            installation.binaries[self.number % len(installation.binaries)], installation.folder,
            f"worker-{self.number}-{self._starts}",
            installation.settings | self._urls)

    @property
    def pid(self):
        return self.worker.process.pid

    @property
    def readiness(self):
        """What /readyz says; None if nothing."""
        try:
            return requests.get(f"http://{self.worker.admin}/readyz", timeout=1).status_code
        except requests.RequestException:
            return None

    @property
    def resident_mebibytes(self):
        try:
            pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * 4096 / 2**20


class Installation:
    # What faults may ask for. Another arrangement of servers is a subclass with words of its own (arrangements.py).
    offers = {"broker", "redis", "workers", "proxies"}
    # Whether Redis may lose what it has acknowledged.
    is_lossy = False
    # Of the queues that the load reads from.
    queue_arguments = None

    def __init__(self, binaries, folder, workers=2, settings=()):
        """The workers run the binaries in turn."""
        self.binaries, self.folder = binaries, folder
        self.start_servers()
        policies, keyring = folder / "policies.json", folder / "keyring.json"
        policies.write_text(json.dumps(POLICIES))
        subprocess.run(
            [binaries[0], "keys", "init", str(keyring)], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        self.settings = {
            "SOJOURN_NAMESPACE": NAMESPACE, "SOJOURN_KEYRING_FILE": str(keyring),
            "SOJOURN_POLICY_FILE": str(policies), "SOJOURN_LANES": "2",
        } | dict(settings)
        self.places = [Place(self, number + 1) for number in range(workers)]
        self.await_ready()

    # --- what another arrangement has otherwise ----------------------------------------------------------------------

    def start_servers(self):
        (self.folder / "broker").mkdir()
        self.broker = Broker(self.folder / "broker", QUIET)
        self.redis = SteppedRedis(self.folder / "redis")
        if self.redis.has_clock:
            self.offers = self.offers | {"clock"}

    def stop_servers(self):
        with ExitStack() as stack:
            stack.callback(self.broker.stop)
            stack.callback(self.redis.end)

    def open_ways(self, place):
        """The variables with a worker's URLs."""
        place.to_broker, place.to_redis = place.proxy(self.broker.url), place.proxy(self.redis.url)
        return {
            "SOJOURN_AMQP_URL": f"amqp://guest:guest@127.0.0.1:{place.to_broker.port}/",
            "SOJOURN_REDIS_URL": f"redis://127.0.0.1:{place.to_redis.port}/0",
        }

    @property
    def amqp_url(self):
        """Past all proxies."""
        return self.broker.url

    def open_store(self):
        """A client of Redis."""
        return self.redis.client()

    def redis_serves(self):
        return self.redis.serves()

    def control(self, *arguments):
        """`rabbitmqctl`."""
        return self.broker.control(*arguments)

    # -----------------------------------------------------------------------------------------------------------------

    def await_ready(self, seconds=60):
        for place in self.places:
            place.worker.await_ready(seconds)

    def broker_accepts(self):
        """Whether the broker accepts connections."""
        try:
            open_broker(self.amqp_url, **PATIENCE).close()
        except (pika.exceptions.AMQPError, OSError):
            return False
        return True

    def with_channel(self, work):
        """Does something over a connection of its own."""
        connection = open_broker(self.amqp_url, **PATIENCE)
        try:
            return work(connection.channel())
        finally:
            connection.close()

    def lengths(self):
        """The messages in each queue of the namespace, delivered or not."""
        lines = self.control("list_queues", "--quiet", "--no-table-headers", "name", "messages").splitlines()
        found = dict(line.split("\t") for line in lines if "\t" in line)
        return {name: int(found[name]) for each in QUEUES if (name := f"{NAMESPACE}.commands.{each}") in found}

    def outbox(self):
        """The events that wait in outboxes."""
        with self.open_store() as client:
            return sum(client.xlen(key) for key in client.scan_iter(match=f"{NAMESPACE}:*:o", count=1000))

    def left(self, seconds):
        """What is left once nothing changes any more, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            left = {"queues": self.lengths(), "outbox": self.outbox()}
            if not left["outbox"] and not any(left["queues"].values()) or time.monotonic() > deadline:
                return left
            time.sleep(0.5)

    def stop(self):
        """Ends everything, whatever of it fails; returns how the workers exited."""
        with ExitStack() as stack:
            stack.callback(self.stop_servers)
            for place in self.places:
                for proxy in place.proxies:
                    stack.callback(proxy.cut)
                stack.callback(place.worker.kill)
            return [place.worker.stop() for place in self.places]
