"""What docs/operations.md says of backups and of moving to a cluster, done as it says."""

import os
import shutil
import subprocess
from datetime import datetime, timezone

import pytest

from client import Client
from redis_servers import RedisCluster, RedisServer
from workers import wait_until


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path / "redis")
    server.await_serving()
    yield server
    server.end()


@pytest.fixture
def there(namespace, request):
    return f"{namespace}-{request.node.name[5:12]}"


@pytest.fixture
def client(start_worker, there, redis_server, amqp_url):
    worker = start_worker(namespace=there, redis_url=redis_server.url).await_ready()
    client = Client(amqp_url, there)
    client.worker = worker
    yield client
    client.raise_violations()
    client.delete_topology()
    client.close()


@pytest.fixture
def send(binary, settings, there):
    """`sojourn send`, as an operator types it."""

    def send(*arguments):
        environment = {"PATH": os.environ["PATH"]} | settings | {"SOJOURN_NAMESPACE": there}
        done = subprocess.run(
            [binary, "send", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    return send


def restore(server, backup):
    """Puts a snapshot in the place of everything that the server has, as docs/operations.md describes."""
    server.end()
    shutil.rmtree(server.folder / "appendonlydir")
    shutil.copy(backup, server.folder / "dump.rdb")
    server.start("--appendonly", "no")
    server.await_serving()
    with server.client() as store:
        store.config_set("appendonly", "yes")
        wait_until(lambda: store.info("persistence")["aof_rewrite_in_progress"] == 0, 20, "the append-only file to be written")
    server.end()
    server.start()
    server.await_serving()


def test_an_old_backup_brings_back_what_has_ended_and_one_command_ends_it(
    start_worker, there, redis_server, client, send, tmp_path
):
    revoked = client.create("alice")["tokens"]["session"]
    kept = client.create("bob")["tokens"]["session"]
    with redis_server.client() as store:
        store.save()
    shutil.copy(redis_server.folder / "dump.rdb", tmp_path / "backup.rdb")
    assert client.do("session.revoke", token=revoked)["count"] == 1
    client.do("subject.disable", subject="bob")
    later = client.create("carol")["tokens"]["session"]
    assert [client.validate(token)["valid"] for token in (revoked, kept, later)] == [False, False, True]

    assert client.worker.stop() == 0
    restore(redis_server, tmp_path / "backup.rdb")
    start_worker(namespace=there, redis_url=redis_server.url).await_ready()
    assert [client.validate(token)["valid"] for token in (revoked, kept, later)] == [True, True, False], "as the page warns"

    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    send("session.revoke", "tenant=default", "all:=true", f"begunBefore={now}")
    assert [client.validate(token)["valid"] for token in (revoked, kept)] == [False, False]
    send("subject.disable", "subject=bob")
    assert client.refused("session.create", subject="bob") == "subject_disabled"
    assert client.validate(client.create("alice")["tokens"]["session"])["valid"] is True


def test_sessions_move_to_a_cluster(start_worker, there, redis_server, client, tmp_path):
    tokens = [client.create(f"subject-{number}")["tokens"]["session"] for number in range(50)]
    ended = client.create("alice")["tokens"]["session"]
    client.do("session.revoke", token=ended)
    policy = {"maxSessions": 1, "onLimit": "reject"}
    client.do("policy.put", name="strict", policy=policy)
    cluster = RedisCluster(tmp_path / "cluster")
    try:
        assert client.worker.stop() == 0
        waiting = client.publish("session.validate", {"token": tokens[0]})
        done = subprocess.run(
            ["redis-cli", "--cluster", "import", f"127.0.0.1:{cluster.masters()[0].port}", "--cluster-from",
             f"127.0.0.1:{redis_server.port}", "--cluster-copy"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        worker = start_worker(namespace=there, redis_url=cluster.url).await_ready()
        assert client.await_reply(waiting).data["valid"] is True, "it waited in its queue"
        assert all(client.validate(token)["valid"] for token in tokens)
        assert client.validate(ended)["reason"] == "revoked"
        client.create("bob", policy="strict")
        assert client.refused("session.create", subject="bob", policy="strict") == "limit_reached"
        assert worker.stop() == 0
    finally:
        cluster.stop()
