"""Private Redis servers on loopback: one alone, a master with replicas and Sentinels, or a Redis Cluster."""

import os
import signal
import subprocess

import redis

from processes import end_all, end_process, start_process
from proxy import free_port
from workers import wait_until

START_SECONDS = 20
# How long a server is silent until the others replace it, in milliseconds. Short, so that tests are; the defaults are
# 30 s (Sentinel) and 15 s (Redis Cluster).
SILENCE_MS = 1500
MASTER_NAME = "sojourn"
SENTINELS = 3
REPLICAS = 2
MASTERS = 3


class RedisServer:
    """One server with its own folder. It syncs every write, so it keeps everything that it acknowledges."""

    def __init__(self, folder, *options, program="redis-server", environment=None):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None
        self._environment = dict(os.environ) | (environment or {})
        self._command = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
            "--appendfsync", "always", "--hash-max-listpack-value", "1024", "--dir", str(folder),
            "--maxmemory-policy", "noeviction", *options,
        ]  # fmt: skip
        self.start()

    def start(self, *options):
        """Starts the server, again after `end`, with what it has stored; it serves somewhat later."""
        self.process = start_process(
            [*self._command, *options], self.folder / "output.log", env=self._environment)

    def end(self, sent=signal.SIGTERM, seconds=15):
        end_process(self.process, sent, seconds)

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=5)

    def role(self):
        """Either "master" or "slave"; None if it does not answer, or still loads its data."""
        try:
            with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
                return client.execute_command("ROLE")[0].decode()
        except redis.RedisError:
            return None

    def serves(self):
        """Whether it accepts connections and has loaded its data."""
        return self.role() is not None

    def await_serving(self, seconds=START_SECONDS):
        def serves():
            assert self.process.poll() is None, f"it did not start:\n{self._output()}"
            return self.serves()

        wait_until(serves, seconds, "Redis to serve")

    def _output(self):
        return (self.folder / "output.log").read_text(errors="replace")[-2000:]

    def replicas(self):
        """How many replicas are connected and have caught up."""
        with self.client() as client:
            found = client.info("replication")
        return sum(
            found[f"slave{number}"]["state"] == "online" for number in range(found["connected_slaves"])
            if f"slave{number}" in found)


class SentinelSet:
    """A master, its replicas, and Sentinels of which two suffice to replace it."""

    def __init__(self, folder, *options, program="redis-server"):
        folder.mkdir(exist_ok=True)
        self.servers, self._sentinels = [], []
        try:
            master = RedisServer(folder / "server-1", *options, program=program)
            self.servers.append(master)
            master.await_serving()
            for number in range(REPLICAS):
                # A master that returns is made a replica by the Sentinels, hence no option of its own.
                replica = RedisServer(folder / f"server-{number + 2}", *options, program=program)
                self.servers.append(replica)
                replica.await_serving()
                with replica.client() as client:
                    client.replicaof("127.0.0.1", master.port)
            wait_until(lambda: master.replicas() == REPLICAS, START_SECONDS, "the replicas to follow")
            self.sentinel_ports = [self._start_sentinel(folder, number, master, program) for number in range(SENTINELS)]
            wait_until(self._is_watched, START_SECONDS, "the Sentinels to find each other and the replicas")
        except BaseException:
            self.stop()
            raise

    @property
    def url(self):
        """As in SOJOURN_REDIS_URL."""
        sentinels = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"redis+sentinel://{sentinels}/{MASTER_NAME}"

    def _start_sentinel(self, folder, number, master, program):
        place, port = folder / f"sentinel-{number + 1}", free_port()
        place.mkdir()
        # Sentinels keep what they know in this file.
        (place / "sentinel.conf").write_text(
            f"port {port}\nbind 127.0.0.1\ndir {place}\n"
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} {SENTINELS // 2 + 1}\n"
            f"sentinel down-after-milliseconds {MASTER_NAME} {SILENCE_MS}\n"
            f"sentinel failover-timeout {MASTER_NAME} {4 * SILENCE_MS}\n")
        self._sentinels.append(
            start_process([program, str(place / "sentinel.conf"), "--sentinel"], place / "output.log"))
        return port

    def _is_watched(self):
        for port in self.sentinel_ports:
            try:
                with redis.Redis(port=port, socket_timeout=1) as sentinel:
                    known = sentinel.sentinel_master(MASTER_NAME)
            except redis.RedisError:
                return False
            if (known["num-other-sentinels"], known["num-slaves"]) != (SENTINELS - 1, REPLICAS):
                return False
        return True

    def master(self):
        """The server that the first Sentinel calls the master."""
        with redis.Redis(port=self.sentinel_ports[0], socket_timeout=5) as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(MASTER_NAME)
        return next(server for server in self.servers if server.port == port)

    def is_whole(self):
        """Whether there are a master that all Sentinels know, and replicas that have caught up."""
        try:
            return self._is_watched() and self.master().replicas() == REPLICAS
        except redis.RedisError:
            return False

    def replace_master(self):
        """Has the Sentinels make a replica the master."""
        with redis.Redis(port=self.sentinel_ports[0], socket_timeout=5) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", MASTER_NAME)

    def stop(self):
        end_all([
            *(lambda each=each: end_process(each) for each in self._sentinels),
            *(server.end for server in self.servers),
        ])


class RedisCluster:
    """Three masters with a replica each."""

    def __init__(self, folder, *options, program="redis-server"):
        folder.mkdir(exist_ok=True)
        self.servers = []
        try:
            for number in range(2 * MASTERS):
                # The bus, by default on port + 10000, gets a free port as well.
                self.servers.append(RedisServer(
                    folder / f"server-{number + 1}", "--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                    "--cluster-node-timeout", str(SILENCE_MS), *options, program=program))
            for server in self.servers:
                server.await_serving()
            nodes = [f"127.0.0.1:{server.port}" for server in self.servers]
            made = subprocess.run(
                ["redis-cli", "--cluster", "create", *nodes, "--cluster-replicas", "1", "--cluster-yes"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            assert made.returncode == 0, f"redis-cli --cluster create: {made.stdout}{made.stderr}"
            wait_until(self.is_whole, 2 * START_SECONDS, "the nodes to form a cluster")
        except BaseException:
            self.stop()
            raise

    @property
    def url(self):
        """As in SOJOURN_REDIS_URL."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def is_whole(self):
        """Whether every node says that every slot is served, and every replica follows."""
        roles = [server.role() for server in self.servers]
        try:
            return (
                roles.count("master") == MASTERS and roles.count("slave") == MASTERS
                and all(server.replicas() for server, role in zip(self.servers, roles) if role == "master")
                and all(self._covers(server) for server in self.servers))
        except redis.RedisError:
            return False

    @staticmethod
    def _covers(server):
        with server.client() as client:
            return b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True)

    def masters(self):
        return [server for server in self.servers if server.role() == "master"]

    def replace_master(self, random):
        """Makes one replica the master of its slots, in order."""
        replica = random.choice([server for server in self.servers if server.role() == "slave"])
        with replica.client() as client:
            client.execute_command("CLUSTER", "FAILOVER")

    def move_slots(self, random, count):
        """Moves slots that have keys from one master to another, key by key."""
        source, target = random.sample(self.masters(), 2)
        with source.client() as old, target.client() as new:
            old_name, new_name = (each.execute_command("CLUSTER", "MYID").decode() for each in (old, new))
            for _ in range(count):
                key = old.randomkey()
                if key is None:
                    return
                slot = old.execute_command("CLUSTER", "KEYSLOT", key)
                new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_name)
                old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_name)
                while keys := old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 10):
                    old.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
                # The others hear of it from these two.
                for master in (new, old):
                    master.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_name)

    def stop(self):
        end_all([server.end for server in self.servers])
