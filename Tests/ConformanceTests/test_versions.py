"""Workers of two versions in one pool: what is for a later version is left to it."""

import uuid

import pytest

from client import Client

LATER = {"sojourn-version": 2}


@pytest.fixture(scope="module")
def alone(elsewhere):
    """A worker without others, and a client."""
    return elsewhere()


def test_our_own_version_is_carried_out(alone, subject):
    _, client = alone
    headers = {"sojourn-version": 1}
    assert client.call("session.create", {"subject": subject}, headers=headers).status == "succeeded"


@pytest.mark.parametrize("version", [0, -1, "2", True])
def test_nonsense_is_malformed(alone, version):
    _, client = alone
    assert client.attempt("session.create", {"subject": "x"}, headers={"sojourn-version": version}).code == "malformed_message"


@pytest.mark.parametrize("command", ["session.create", "session.validate", "session.invented_later"])
def test_without_a_later_worker_a_command_is_answered(alone, command):
    _, client = alone
    reply = client.attempt(command, {"invented": "later"}, headers=LATER)
    assert reply.code == "unsupported_version"
    assert reply.body["error"]["retryable"] is True, "nothing happened, and after the upgrade it can be carried out"


def test_a_later_worker_gets_what_is_for_it_and_others_lose_nothing(elsewhere, amqp_url, subject):
    """The later worker is a consumer of the test's, which takes its turns in the same queue."""
    worker, client = elsewhere()
    later = Client(amqp_url, worker.namespace)
    ids = {str(uuid.uuid4()) for _ in range(40)}
    taken = set()

    def take(channel, method, properties, _body):
        if (properties.headers or {}).get("sojourn-version") == 2:
            taken.add(properties.message_id)
            channel.basic_ack(method.delivery_tag)
        else:
            channel.basic_nack(method.delivery_tag, requeue=True)

    later.channel.basic_qos(prefetch_count=5)
    later.channel.basic_consume(f"{worker.namespace}.commands.manage", take)
    for message_id in ids:
        client.publish("session.create", {"subject": subject}, headers=LATER, message_id=message_id)
    answered = 0

    def everything():
        """By chance, a command may always return to the worker that does not know it; then its sender tries again."""
        nonlocal answered
        client.connection.process_data_events(0)
        copies = [each for each in client.results if each.body.get("commandId") in ids]
        for copy in copies[answered:]:
            assert copy.code == "unsupported_version"
            client.publish("session.create", {"subject": subject}, headers=LATER, message_id=copy.body["commandId"])
        answered = len(copies)
        return taken == ids

    later.wait(everything, "every command for a later version")
    later.close()
    assert client.create(subject)["session"]["subject"] == subject
    assert not client.quarantine
