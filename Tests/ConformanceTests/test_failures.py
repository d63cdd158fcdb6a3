"""A server that is missing or fails, a worker that is stopped or killed, and many workers at once."""

import json

import pytest
import redis

from settling import Batch, Command, creates, expect_no_gaps, expect_one_effect_each

RABBITMQ = "rabbitmq|amqp"
REDIS = "redis"


@pytest.fixture(scope="module")
def declared(start_worker):
    """Declares the topology with a short-lived worker, so that a client can consume before any other starts."""
    assert start_worker().await_ready().stop() == 0


@pytest.fixture(scope="module")
def client(declared, connect):
    return connect()


@pytest.fixture
def run(start_worker):
    """Starts workers that are stopped when the test ends."""
    workers = []

    def run(**settings):
        workers.append(start_worker(**settings))
        return workers[-1]

    yield run
    for worker in workers:
        if worker.running:
            assert worker.stop() == 0


@pytest.fixture
def through_proxy(open_proxy, amqp_url, redis_url):
    """A proxy for RabbitMQ or Redis, initially cut, and the setting that sends a worker through it."""

    def through_proxy(server):
        proxy, url = open_proxy(amqp_url if server == "RabbitMQ" else redis_url)
        return proxy, {"amqp_url" if server == "RabbitMQ" else "redis_url": url}

    return through_proxy


SERVERS = pytest.mark.parametrize(("server", "word"), [("RabbitMQ", RABBITMQ), ("Redis", REDIS)])


# --- servers -----------------------------------------------------------------------------------------------------


def test_a_worker_without_redis_retries_its_commands_for_a_while(deserted):
    """Continued in test_unavailable.py."""
    assert deserted.worker.get("/livez") == 200
    deserted.worker.await_log("a batch: it will be retried")
    assert deserted.batch.answered == 0


@SERVERS
def test_a_worker_waits_for_an_unavailable_server_and_names_it(
    client, run, through_proxy, subject, server, word
):
    proxy, setting = through_proxy(server)
    waiting = client.publish("session.create", {"subject": subject})
    worker = run(**setting).await_log(word).await_unready()
    assert worker.get("/livez") == 200, "it waits, it is not broken"
    proxy.restore()
    worker.await_ready()
    assert client.await_reply(waiting).data["session"]["subject"] == subject
    client.await_event(subject, "session.created")


@SERVERS
def test_commands_sent_during_an_outage_are_answered_after_it(
    client, run, through_proxy, subject, server, word
):
    proxy, setting = through_proxy(server)
    proxy.restore()
    worker = run(**setting).await_ready()
    before = len(worker.log)
    known = client.create(f"{subject}-before")
    proxy.cut()
    worker.await_unready().await_log(word, after=before)
    assert worker.get("/livez") == 200
    batch = Batch(client, creates([f"{subject}-{index}" for index in range(100)])).publish()
    validation = client.publish("session.validate", {"token": known["tokens"]["session"]})
    proxy.restore()
    worker.await_ready()
    batch.settle()
    expect_one_effect_each(client, batch)
    assert client.await_reply(validation).body["command"] == "session.validate"
    assert client.validate(known["tokens"]["session"])["valid"] is True
    assert worker.running


@SERVERS
def test_a_server_that_fails_repeatedly_loses_nothing(
    client, run, through_proxy, subject, server, word
):
    proxy, setting = through_proxy(server)
    proxy.restore()
    worker = run(**setting).await_ready()
    batch = Batch(client, creates([f"{subject}-{index}" for index in range(600)])).publish()
    for answered in (20, 150, 300):
        batch.await_some(answered)
        proxy.cut()
        worker.await_unready()
        proxy.restore()
    batch.settle()
    worker.await_ready()
    expect_one_effect_each(client, batch)


def test_commands_beyond_the_in_flight_limit_wait_in_the_broker(client, run, through_proxy):
    proxy, setting = through_proxy("Redis")
    proxy.restore()
    worker = run(**setting).await_ready()
    proxy.cut()
    body = json.dumps({"subject": "x", "attributes": {"long": "x" * 2_000_000}}).encode()
    sent = [client.publish("session.create", body) for _ in range(80)]
    worker.await_log("in-flight limit reached")
    proxy.restore()
    assert {client.await_reply(each).code for each in sent} == {"message_too_large"}
    worker.await_log("reading resumed")


def test_a_redis_that_rejects_writes_does_not_delay_reads(client, run, subject, own_redis):
    worker = run(redis_url=own_redis.url).await_ready()
    known = client.create(subject)
    with own_redis.client() as server:
        server.config_set("min-replicas-to-write", 1)
        try:
            revocation = client.publish("session.revoke", {"subject": subject})
            worker.await_unready()
            assert client.validate(known["tokens"]["session"])["valid"] is True
            assert worker.get("/readyz") == 503, "it can be read and not written"
        finally:
            server.config_set("min-replicas-to-write", 0)
    assert client.await_reply(revocation).data["count"] == 1
    worker.await_ready()


def test_a_command_that_always_conflicts_is_retryable(
    client, run, open_proxy, subject, redis_url, namespace
):
    with redis.Redis.from_url(redis_url) as store:
        forestalled = []

        def write_first(_chunk):
            for key in forestalled:
                store.hincrby(key, "r", 1)  # the revision, by which a commit detects a concurrent write

        proxy, url = open_proxy(redis_url, before_sending=write_first)
        proxy.restore()
        worker = run(redis_url=url).await_ready()
        others = set(store.scan_iter(match=f"{namespace}:*:a:*", count=1000))
        session = client.create(subject)["session"]["id"]
        (key,) = set(store.scan_iter(match=f"{namespace}:*:a:*", count=1000)) - others
        update = {"sessionId": session, "attributes": {"a": 1}}
        forestalled.append(key)
        reply = client.call("session.update", update, message_id=f"u-{subject}")
        assert (reply.status, reply.code, reply.body["error"]["retryable"]) == ("failed", "conflict", True)
        assert client.do("session.get", sessionId=session)["session"]["attributes"] == {}, "nothing happened"
        forestalled.clear()
        assert client.call("session.update", update, message_id=f"u-{subject}").status == "succeeded"
        assert client.final_kinds(subject) == ["session.created", "session.updated"]
        assert worker.stop() == 0, "before the store of these tests is closed"


# --- workers -----------------------------------------------------------------------------------------------------


def test_a_draining_worker_finishes_its_commands_and_loses_nothing(client, run, subject):
    worker = run().await_ready()
    batch = Batch(client, creates([f"{subject}-{index}" for index in range(1000)])).publish()
    batch.await_some(20)
    worker.terminate()
    assert worker.exit_status() == 0
    run().await_ready()
    batch.settle()
    expect_one_effect_each(client, batch)
    assert batch.resent == 0, "what a stopping worker did not finish goes back to the queue; nobody has to ask again"


def test_a_second_interrupt_ends_a_worker_at_once_and_loses_nothing(client, run, subject, own_redis):
    worker = run(redis_url=own_redis.url).await_ready()
    known = client.create(subject)
    with own_redis.client() as server:
        server.config_set("min-replicas-to-write", 1)
        try:
            revocation = client.publish("session.revoke", {"subject": subject})
            worker.await_unready()
            worker.interrupt()
            worker.await_log("draining: no longer consuming")
            worker.interrupt()
            assert worker.exit_status(seconds=10) == 130
        finally:
            server.config_set("min-replicas-to-write", 0)
    run(redis_url=own_redis.url).await_ready()
    assert client.await_reply(revocation).data["count"] == 1
    assert client.validate(known["tokens"]["session"])["valid"] is False


def test_an_idle_worker_stops_at_once(run):
    worker = run().await_ready()
    worker.terminate()
    assert worker.exit_status(seconds=10) == 0


def test_killing_one_of_two_workers_during_a_thousand_commands_loses_nothing(client, run, subject):
    doomed, other = run().await_ready(), run().await_ready()
    before = Batch(client, creates([f"{subject}-before-{index}" for index in range(500)])).publish().settle()
    expect_one_effect_each(client, before)
    sessions = {command.body["subject"]: reply.data for command, reply in before.results()}
    revocations = [Command("session.revoke", {"subject": each}) for each in sessions]
    new = creates([f"{subject}-new-{index}" for index in range(500)])
    batch = Batch(client, [each for pair in zip(new, revocations) for each in pair]).publish()
    batch.await_some(150)
    doomed.kill()
    assert batch.answered < 1000, "it was not in the middle"
    batch.settle()
    expect_one_effect_each(client, batch)
    assert other.running and other.get("/readyz") == 200

    created = [reply for command, reply in batch.results() if command.name == "session.create"]
    living = [each.data["tokens"]["session"] for each in created]
    gone = [each["tokens"]["session"] for each in sessions.values()]
    assert valid(client, living) == [True] * 500
    assert valid(client, gone) == [False] * 500


@pytest.mark.parametrize("on_limit", ["evictLeastRecentlyActive", "reject"])
def test_a_hundred_creates_at_once_over_two_workers_never_exceed_the_limit(client, run, subject, tmp_path, on_limit):
    policies = tmp_path / "policies.json"
    policies.write_text(json.dumps({"five": {"maxSessions": 5, "onLimit": on_limit}}))
    for worker in [run(policy_file=str(policies)) for _ in range(2)]:
        worker.await_ready()
    batch = Batch(client, creates([subject] * 100, policy="five")).publish().settle()
    results = [reply for _, reply in batch.results()]
    created = [each.data for each in results if each.status == "succeeded"]
    if on_limit == "reject":
        assert len(created) == 5
        assert {each.code for each in results if each.status != "succeeded"} == {"limit_reached"}
    else:
        assert len(created) == 100
        evicted = [session for each in created for session in each["evicted"]]
        assert len(evicted) == len(set(evicted)) == 95
    assert sum(valid(client, [each["tokens"]["session"] for each in created])) == 5

    kinds = ["session.created"] * len(created) + ["session.evicted"] * (len(created) - 5)
    client.await_events(subject, *kinds)
    expect_no_gaps(client)
    active = set()
    for event in client.events_of(subject):
        session = event.body["data"].get("sessionId")
        if event.body["type"] == "session.created":
            active.add(session)
        elif event.body["type"] == "session.evicted":
            active.remove(session)
        assert len(active) <= 5, f"six at once, at {event.body['sequence']}"
    assert len(active) == 5


def valid(client, tokens):
    waiting = [client.publish("session.validate", {"token": each, "touch": False}) for each in tokens]
    return [client.await_reply(each, seconds=60).data["valid"] for each in waiting]
