"""A Redis that denies the worker permissions, or does not answer at all: noticed, named, and recovered from."""

import signal
import subprocess
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import redis
import requests

from workers import free_port, wait_until

LOSSES = {"-evalsha": "evalsha", "-@all": "script.load", "resetkeys": "EVALSHA", "-xadd": "XADD"}


def readiness(worker):
    return requests.get(f"http://{worker.admin}/readyz", timeout=5).text


@pytest.fixture
def user(redis_url, namespace, request):
    """A Redis user with full access to the keys of all namespaces here, and the URL with its name."""
    name = f"user-of-{namespace}-{abs(hash(request.node.name)) % 10000}"
    server = urlsplit(redis_url)
    with redis.Redis.from_url(redis_url) as store:

        def rules(*rules):
            store.execute_command("ACL", "SETUSER", name, *rules)

        everything = ("on", ">secret", f"~{namespace}*", "+@all")
        rules(*everything)
        host = server.netloc.rpartition("@")[2]
        yield SimpleNamespace(
            name=name,
            rules=rules,
            restore=lambda: rules(*everything),
            url=server._replace(netloc=f"{name}:secret@{host}").geturl(),
        )
        store.execute_command("ACL", "DELUSER", name)


@pytest.mark.parametrize("rule", LOSSES)
def test_a_revoked_redis_permission_loses_no_command(elsewhere, user, subject, rule):
    worker, client = elsewhere(redis_url=user.url)
    client.create(f"{subject}-before")
    before = len(worker.log)
    user.rules(rule)
    waiting = client.publish("session.create", {"subject": subject})
    worker.await_unready().await_log(LOSSES[rule], after=before)
    worker.await_log(user.name, after=before)
    wait_until(lambda: user.name in readiness(worker), 20, "/readyz to name the user")
    assert worker.get("/livez") == 200
    user.restore()
    worker.await_ready(seconds=40)
    assert client.await_reply(waiting, seconds=40).status == "succeeded"
    client.await_event(subject, "session.created")
    assert not client.quarantine, "no command is the reason for that"


def test_a_missing_redis_permission_is_named_at_startup_with_its_user(start_worker, namespace, user):
    user.rules("-zadd", "-lpush")
    worker = start_worker(redis_url=user.url, namespace=f"{namespace}-lacking")
    worker.await_log(f"the Redis user {user.name} may not run ZADD, LPUSH").await_unready()
    assert "ZADD, LPUSH" in readiness(worker)
    user.restore()
    worker.await_ready(seconds=40)
    assert worker.stop() == 0


def test_a_frozen_redis_is_detected_without_traffic(start_worker, namespace, tmp_path):
    port = free_port()
    with subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    ) as server:
        try:
            worker = start_worker(redis_url=f"redis://127.0.0.1:{port}/0", namespace=f"{namespace}-frozen")
            worker.await_ready()
            server.send_signal(signal.SIGSTOP)
            worker.await_unready(seconds=15)
            server.send_signal(signal.SIGCONT)
            worker.await_ready(seconds=40)
            assert worker.stop() == 0
        finally:
            server.kill()
