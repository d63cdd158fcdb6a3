"""The users of deploy/redis/users.acl, and deploy/redis/redis.conf: workers lack nothing, and can do nothing else."""

import uuid

import pytest
import redis

from client import Client
from conftest import run

# Of every kind that could harm: other keys, all keys, the server, its users, its scripts, its clients, its memory.
REFUSED = [
    "GET others", "SET others 1", "HGETALL others:{00}:x", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "FLUSHALL", "FLUSHDB",
    "SWAPDB 0 1", "SHUTDOWN NOSAVE", "CONFIG SET maxmemory-policy allkeys-lru", "CONFIG REWRITE",
    "ACL LIST", "ACL SETUSER other on", "ACL WHOAMI", "MONITOR", "SAVE", "BGREWRITEAOF", "REPLICAOF NO ONE", "CLIENT LIST",
    "CLIENT KILL TYPE normal", "CLIENT NO-EVICT ON", "SCRIPT FLUSH", "SCRIPT KILL", "FUNCTION LIST", "EVAL return 0",
    "SLOWLOG GET", "LATENCY DOCTOR", "MODULE LIST", "MIGRATE localhost 1 x 0 1", "DUMP sojourn:x",
    "RESTORE sojourn:x 0 x", "COPY sojourn:x sojourn:y", "RENAME sojourn:x sojourn:y", "UNLINK sojourn:x",
    "PUBLISH channel x", "SUBSCRIBE channel", "PSUBSCRIBE *", "OBJECT ENCODING sojourn:x", "MEMORY USAGE sojourn:x",
]  # fmt: skip


@pytest.fixture
def as_worker(servers):
    with redis.Redis.from_url(servers.worker["redisUrl"]) as store:
        yield store


@pytest.fixture
def as_admin(servers):
    with redis.Redis.from_url(servers.urls["sojourn-admin"]) as store:
        yield store


def test_a_worker_lacks_no_permission(worker, servers, as_admin):
    """Also what the tour of test_rabbitmq.py does not come to: a session that expires while no worker runs, for example, is
    swept up by the same scripts, which probe.lua asks about."""
    client = Client(servers.urls["tester"], "sojourn")
    client.create(f"acl-{uuid.uuid4().hex[:6]}")
    client.close()
    assert "may not run" not in worker.log, worker.log[-3000:]
    assert "could not check" not in worker.log, worker.log[-3000:]
    # The worker's connections have names, those of this file's tests have none.
    refused = [each for each in as_admin.acl_log() if each["username"] == "sojourn-worker" and each["client-info"]["name"]]
    assert not refused, refused


@pytest.mark.parametrize("command", REFUSED)
def test_a_worker_is_refused(as_worker, command):
    with pytest.raises(redis.exceptions.NoPermissionError):
        as_worker.execute_command(*command.split(" "))


def test_a_worker_is_refused_the_keys_of_others_in_scripts(as_worker):
    script = as_worker.script_load("return redis.call('GET', 'others')")
    with pytest.raises(redis.exceptions.ResponseError, match="can't access at least one of the keys"):
        as_worker.evalsha(script, 0)


@pytest.mark.parametrize("credentials", [{}, {"password": ""}, {"username": "sojourn-worker", "password": "sojourn"}])
def test_nobody_else_gets_in(servers, credentials):
    address = servers.worker["redisUrl"].rpartition("@")[2]
    with redis.Redis.from_url(f"redis://{address}", **credentials) as store:
        with pytest.raises((redis.AuthenticationError, redis.exceptions.NoPermissionError, redis.ResponseError)):
            store.ping()


def test_an_operator_rotates_and_reseals_with_a_user_of_their_own(worker, binary, servers, keyring):
    environment = {"SOJOURN_REDIS_URL": servers.urls["sojourn-keys"], "SOJOURN_KEYRING_FILE": str(keyring)}
    client = Client(servers.urls["tester"], "sojourn")
    token = client.create(f"resealed-{uuid.uuid4().hex[:6]}", device={"name": "Firefox"})["tokens"]["session"]
    run(binary, "keys", "rotate", keyring, "--after", "0")
    run(binary, "keys", "reseal", env=environment)
    assert client.validate(token)["valid"]
    client.close()


def test_the_configuration_keeps_what_redis_has_acknowledged(worker, servers, as_admin):
    settings = as_admin.config_get("*")
    expected = {
        "appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction",
        "hash-max-listpack-value": "1024", "save": "",
    }  # fmt: skip
    assert expected == {name: settings[name] for name in expected}
    assert "hash-max-listpack-value" not in worker.log, "the worker would recommend it"
