"""Faults of Redis."""

import signal
import time

import redis

from faults.fault import Fault


class RedisKilled(Fault):
    name = "redis-killed"
    sentence = "SIGKILL of Redis; started again from its append-only file"
    needs = frozenset({"redis"})
    restarts = "redis"
    is_outage = True

    def begin(self):
        self.places = self.installation.places
        self.installation.redis.end(signal.SIGKILL)

    def end(self):
        self.installation.redis.start()


class RedisPaused(Fault):
    name = "redis-paused"
    sentence = "SIGSTOP of Redis, for longer than a reply may take; continued"
    needs = frozenset({"redis"})
    short = (2.5, 3.0)
    long = (2.5, 10.0)

    def begin(self):
        self.installation.redis.process.send_signal(signal.SIGSTOP)

    def end(self):
        self.installation.redis.process.send_signal(signal.SIGCONT)


class RedisFull(Fault):
    name = "redis-full"
    sentence = "maxmemory is reached: Redis answers OOM to whatever writes"
    needs = frozenset({"redis"})

    def begin(self):
        self._set("1mb")

    def end(self):
        self._set("0")

    def _set(self, size):
        with self.installation.redis.client() as client:
            client.config_set("maxmemory", size)


class RedisLoading(Fault):
    name = "redis-loading"
    sentence = "Redis is restarted and answers LOADING for some seconds"
    needs = frozenset({"redis"})
    restarts = "redis"
    short = long = (0.0, 0.0)
    SECONDS = 3

    def begin(self):
        server = self.installation.redis
        with server.client() as client:
            keys = max(1, client.dbsize())
            # A file of keys rather than of commands, so that the delay for each key is known.
            client.config_set("auto-aof-rewrite-percentage", 0)
            client.bgrewriteaof()
            deadline = time.monotonic() + 30
            while client.info("persistence")["aof_rewrite_in_progress"] and time.monotonic() < deadline:
                time.sleep(0.05)
        server.end()
        delay = str(int(self.SECONDS * 1_000_000 / keys))
        server.start("--key-load-delay", delay, "--loading-process-events-interval-bytes", "1024")

    def end(self):
        pass


class RedisReadOnly(Fault):
    name = "redis-read-only"
    sentence = "Redis becomes a replica of nobody, answers READONLY, and becomes master again"
    needs = frozenset({"redis"})

    def begin(self):
        with self.installation.redis.client() as client:
            client.execute_command("REPLICAOF", "127.0.0.1", "1")

    def end(self):
        with self.installation.redis.client() as client:
            client.execute_command("REPLICAOF", "NO", "ONE")


class RedisConnectionsKilled(Fault):
    name = "redis-connections-killed"
    sentence = "an operator kills every connection to Redis (CLIENT KILL), several times"
    needs = frozenset({"redis"})

    def begin(self):
        self.during()

    def during(self):
        with self.installation.redis.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(0.4)

    def end(self):
        pass


class RedisHeld(Fault):
    name = "redis-held"
    sentence = "Redis holds back every command, or every write, for a while (CLIENT PAUSE)"
    needs = frozenset({"redis"})
    short = long = (0.0, 0.0)

    def begin(self):
        # Shorter and longer than a reply may take.
        held = self.random.uniform(0.5, 3.5)
        with self.installation.redis.client() as client:
            client.execute_command("CLIENT", "PAUSE", str(int(held * 1000)), self.random.choice(["ALL", "WRITE"]))
        time.sleep(held)

    def end(self):
        # It has ended by itself: whoever holds back everything holds back the command to end that as well.
        pass


class RedisRefusesClients(Fault):
    name = "redis-refuses-clients"
    sentence = "Redis is at its limit of clients: connections are killed, and new ones refused"
    needs = frozenset({"redis"})
    is_outage = True

    def begin(self):
        self.places = self.installation.places
        # One connection stays, to end it with.
        self._client = self.installation.redis.client()
        self._limit = self._client.config_get("maxclients")["maxclients"]
        self._client.config_set("maxclients", 1)
        self._client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def end(self):
        self._client.config_set("maxclients", self._limit)
        self._client.close()


class RedisPermissionRevoked(Fault):
    name = "redis-permission-revoked"
    sentence = "an operator takes a permission away from the workers' user, and gives it back"
    needs = frozenset({"redis"})

    def begin(self):
        self._denied = self.random.choice(["evalsha", "hget", "set", "xadd", "zadd"])
        self._set(f"-{self._denied}")

    def end(self):
        self._set(f"+{self._denied}")

    def _set(self, rule):
        with self.installation.redis.client() as client:
            client.execute_command("ACL", "SETUSER", "default", rule)


class ScriptsFlushed(Fault):
    name = "scripts-flushed"
    sentence = "SCRIPT FLUSH, again and again"
    needs = frozenset({"redis"})

    def begin(self):
        self.during()

    def during(self):
        try:
            with self.installation.redis.client() as client:
                client.script_flush()
        except redis.RedisError as error:
            self.problems.append(f"SCRIPT FLUSH: {error}")
        time.sleep(0.02)

    def end(self):
        pass


class ClockStepped(Fault):
    name = "clock-stepped"
    sentence = "the clock of Redis steps forward or back by up to ten seconds"
    needs = frozenset({"redis", "clock"})

    def begin(self):
        self.installation.redis.step_clock(self.random.choice([-1, 1]) * self.random.randint(100, 10_000))

    def end(self):
        pass
