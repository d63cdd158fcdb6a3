"""The sender chooses where a reply goes, and RabbitMQ closes the connection over some addresses."""

import base64
import uuid

import pytest

from client import DIRECT


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker(lanes="1").await_ready()


def process(node, *, creation=1):
    """A well-formed process identifier in Erlang's external term format, of an arbitrary node."""
    name = bytes([119, len(node)]) + node
    return base64.b64encode(bytes([131, 88]) + name + bytes([0, 0, 1, 0, 0, 0, 0, 0]) + creation.to_bytes(4, "big"))


ADDRESSES = {
    "no process": b"AAAA..key",
    "a leading dot": b".AAAA.k",
    "not base64": b"!!!!.key",
    "only a prefix": b"",
    "a term that ends too early": base64.b64encode(bytes([131, 88])) + b".key",
    "a node that is not UTF-8": process(b"\xff") + b".key",
    "an unknown node": process(b"rabbit@nowhere") + b".key",
    "a node of no name": process(b"") + b".key",
    "an atom": base64.b64encode(bytes([131, 119, 1, 97])) + b".key",
    "a large term": base64.b64encode(bytes([131, 104, 255])) + b".key",
}


def address(kind):
    return f"{DIRECT}.{ADDRESSES[kind].decode()}"


@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_address_costs_more_than_its_own_reply(client, worker, kind):
    before = worker.log.count("the lane cannot consume")
    client.publish("session.validate", {"token": "x"}, reply_to=address(kind))
    for _ in range(3):
        assert not client.validate("x")["valid"]
    assert worker.running
    assert worker.log.count("the lane cannot consume") == before


def test_the_command_behind_a_bad_address_has_its_effect_and_is_acknowledged_once(client, worker, subject):
    """Its result copy is published, and the message is not redelivered."""
    message_id = str(uuid.uuid4())
    client.publish("session.create", {"subject": subject}, message_id=message_id, reply_to=address("no process"))
    assert client.await_copy(message_id).status == "succeeded"
    assert [each.body["type"] for each in client.await_events(subject, "session.created")] == ["session.created"]

    def queue_is_empty():
        queue = client.channel.queue_declare(f"{client.namespace}.commands.manage", passive=True)
        return queue.method.message_count == 0

    client.wait(queue_is_empty, "the command to be acknowledged")


def test_of_many_bad_and_good_addresses_in_one_batch_every_good_one_is_answered(client, worker):
    kinds = list(ADDRESSES)
    good = []
    for number in range(120):
        if number % 6 == 5:
            kind = kinds[number % len(kinds)]
            # A different address each time: known bad ones are remembered.
            client.publish("session.validate", {"token": "x"}, reply_to=f"{address(kind)}{number}")
        else:
            direct = number % 2 == 0
            reply_to = {"reply_to": DIRECT} if direct else {}
            good.append(client.publish("session.validate", {"token": "x"}, **reply_to))
    for correlation_id in good:
        client.await_reply(correlation_id)
    assert worker.running


def test_the_log_names_the_address_that_was_given_up(client, worker):
    client.publish("session.validate", {"token": "x"}, reply_to=f"{address('no process')}named")
    worker.await_log(r"RabbitMQ closed the connection over it", 20)
    assert "AAAA..key" in worker.log


def test_an_empty_reply_address_counts_as_none(client):
    assert client.validate("x")["valid"] is False
    client.publish("session.validate", {"token": "x"}, reply_to="")
    assert client.validate("x")["valid"] is False
