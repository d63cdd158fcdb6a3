"""Small commands with large results: memory stays bounded, and revocations do not wait for them."""

import time
import uuid

import pytest

SESSIONS = 70  # of 16 KB: more than a megabyte, so it is handled separately
READS = 40  # a debug build takes a second for a few of them
MEGABYTES = 150


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file({"default": {"maxSessions": 0}})).await_ready()


@pytest.fixture(scope="module")
def large(client):
    """A subject with megabytes of sessions."""
    attributes = {"note": "x" * 16_000}
    ids = [
        client.publish("session.create", {"subject": "large", "attributes": attributes}) for _ in range(SESSIONS)
    ]
    for each in ids:
        assert client.await_reply(each, 120).status == "succeeded"
        client.replies.pop(each)
    client.results.clear()
    return "large"


def resident_megabytes(worker):
    status = open(f"/proc/{worker.process.pid}/status", encoding="ascii").read()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


@pytest.mark.parametrize("command", ["session.list", "session.activity"])
def test_many_large_reads_neither_exhaust_memory_nor_delay_a_revocation(client, worker, large, command):
    session = client.create("somebody")["session"]["id"]
    body = {"subject": large}
    if command == "session.activity":
        first = client.call("session.list", {"subject": large, "limit": 1}).data["sessions"][0]
        body = {"sessionId": first["id"]}
    # These replies are not consumed: the broker has to hold them.
    unread = f"unread-{uuid.uuid4().hex}"
    client.channel.queue_declare(unread, exclusive=True)
    for _ in range(READS):
        client.publish(command, body, reply_to=unread)
    begin = time.monotonic()
    assert client.call("session.revoke", {"sessionId": session}).data["count"] == 1
    took = time.monotonic() - begin
    waiting = client.channel.queue_declare(f"{client.namespace}.commands.validate", passive=True)
    assert took < 2, f"a revocation took {took:.1f} s behind {READS} reads, of which {waiting.method.message_count} wait"

    def all_are_answered():
        return client.channel.queue_declare(unread, passive=True).method.message_count == READS

    client.wait(all_are_answered, "every read to be answered", 240)
    client.results.clear()
    assert resident_megabytes(worker) < MEGABYTES
