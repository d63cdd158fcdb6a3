"""A consumer's full queue that rejects messages delays nobody else."""

import time

import pytest


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker(lanes="1").await_ready()


@pytest.fixture
def full_queue(client):
    """Binds a full queue to an exchange of the namespace; yields a function that unbinds it."""
    queues = []

    def full_queue(exchange, key="#"):
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        queue = client.channel.queue_declare("", exclusive=True, arguments=arguments).method.queue
        client.channel.basic_publish("", queue, b"full")
        client.channel.queue_bind(queue, f"{client.namespace}.{exchange}", key)
        queues.append(queue)
        return queue

    yield full_queue
    for queue in queues:
        client.channel.queue_delete(queue)


def test_a_full_queue_of_results_does_not_delay_commands(client, worker, full_queue, subject):
    queue = full_queue("results")
    begin = len(worker.log)
    for number in range(20):
        reply = client.call("session.create", {"subject": f"{subject}-{number}"}, seconds=5)
        assert reply.status == "succeeded"
    assert "the lane cannot consume" not in worker.log[begin:]
    worker.await_log("a consumer's queue refuses messages", after=begin)
    assert worker.log[begin:].count("a consumer's queue refuses messages") == 1, "once per state"
    client.channel.queue_unbind(queue, f"{client.namespace}.results", "#")


def test_a_full_queue_behind_quarantine_delays_nothing_and_quarantines_nothing_good(client, worker, full_queue, subject):
    """RabbitMQ then refuses what goes to quarantine, although quarantine itself has taken it."""
    queue = full_queue("dead")
    begin = len(worker.log)
    bad = [client.publish(command, b"no JSON") for command in ("session.create", "session.validate") * 10]
    for number in range(20):
        client.call("session.create", {"subject": f"{subject}-{number}"}, seconds=5)
    for each in bad:
        assert client.await_reply(each).code == "malformed_message"
    prefix = f"{client.namespace}.commands."
    for kind in ("manage", "validate"):
        client.wait(lambda kind=kind: count(client, prefix + kind) == 0, f"everything in {kind} to be acknowledged")
    client.channel.queue_unbind(queue, f"{client.namespace}.dead", "#")
    assert "the lane cannot consume" not in worker.log[begin:]
    assert worker.log[begin:].count("What goes to quarantine will be retried until it is taken") == 1, "once per state"
    kept = [each.headers for each in client.quarantine if each.raw == b"no JSON"]
    ids = {each["x-sojourn-id"] for each in kept}
    assert len(ids) == 20 and len(kept) <= 40, "each, and at most one copy of it"
    assert {each["x-sojourn-attempts"] for each in kept} == {1}
    assert len(client.quarantine) == len(kept), "nothing else"


def count(client, queue):
    return client.channel.queue_declare(queue, passive=True).method.message_count


def test_a_full_queue_of_events_does_not_delay_commands_and_gets_its_events_later(
    client, worker, full_queue, subject
):
    queue = full_queue("events")
    begin = len(worker.log)
    for number in range(20):
        client.call("session.create", {"subject": f"{subject}-{number}"}, seconds=5)
    for number in range(20):
        # The other consumers have them already.
        client.await_events(f"{subject}-{number}", "session.created", seconds=5)
    worker.await_log("a consumer's queue refuses messages", after=begin)
    client.create(f"{subject}-meanwhile")
    assert "the lane cannot consume" not in worker.log[begin:]

    client.channel.queue_purge(queue)
    taken = []
    deadline = time.monotonic() + 90
    while not taken:
        assert time.monotonic() < deadline, "no event was published again for the queue that had refused it"
        method, _, body = client.channel.basic_get(queue, auto_ack=True)
        if method:
            taken.append(body)
        client.wait(lambda: True, "events")
