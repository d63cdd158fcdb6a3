"""Content headers that just fit into a frame, and exceed it once RabbitMQ has added its own."""

import time
import uuid

import pika
import pytest

from raw_amqp import RawPublisher, property_list

FRAME = 131072  # RabbitMQ's frame_max unless configured
PROMPT_SECONDS = 1  # required; a debug build easily meets it


def filling(free, **properties):
    """Properties whose content header leaves `free` bytes of a frame."""
    def size(count):
        properties["headers"] = {"pad": "x" * count}
        return sum(map(len, pika.BasicProperties(**properties).encode())) + 12 + 8

    count = FRAME - size(0) - free
    assert size(count) == FRAME - free
    return pika.BasicProperties(**properties)


def ids(client):
    return {"message_id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4()), "reply_to": client.reply_queue}


def expect_no_connection_lost(worker, mark):
    assert "the lane cannot consume" not in worker.log[mark:], worker.log[mark:][-2000:]


def expect_others_answered(client, token):
    began = time.monotonic()
    assert client.validate(token)["valid"] is True
    assert time.monotonic() - began < PROMPT_SECONDS


@pytest.fixture
def retry_queue(client):
    """An upstream's retry queue: its messages are dead-lettered into N.commands, with `x-death` added."""
    queue = f"{client.namespace}-retry-{uuid.uuid4().hex[:6]}"
    arguments = {"x-message-ttl": 20, "x-dead-letter-exchange": f"{client.namespace}.commands"}

    def retry_queue(routing_key):
        client.channel.queue_declare(queue, arguments=arguments | {"x-dead-letter-routing-key": routing_key})
        return queue

    yield retry_queue
    client.channel.queue_delete(queue)


@pytest.mark.parametrize("free", [0, 1, 100, 1000, 10_000])
def test_a_dead_lettered_header_larger_than_a_frame_costs_no_connection(client, worker, retry_queue, subject, free):
    token = client.create(subject)["tokens"]["session"]
    queue, mark = retry_queue("session.validate"), len(worker.log)
    properties = filling(free, **ids(client))
    began = time.monotonic()
    client.channel.basic_publish("", queue, b'{"token":"%s"}' % token.encode(), properties)
    expect_others_answered(client, token)
    reply = client.await_reply(properties.correlation_id)
    assert reply.data["valid"] is True
    assert time.monotonic() - began < 2 * PROMPT_SECONDS
    expect_no_connection_lost(worker, mark)


def test_a_bad_command_with_a_header_larger_than_a_frame_is_kept_without_it(client, worker, retry_queue, subject):
    token = client.create(subject)["tokens"]["session"]
    queue, mark = retry_queue("session.validate"), len(worker.log)
    properties = filling(0, **ids(client))
    client.channel.basic_publish("", queue, b'{"nonsense":1}', properties)
    reply = client.await_reply(properties.correlation_id)
    assert reply.code == "invalid_field"
    kept = client.wait(
        lambda: [each for each in client.quarantine if each.properties.message_id == properties.message_id],
        "the message in quarantine",
    )[0]
    assert "pad" not in kept.headers
    assert kept.headers["x-sojourn-reason"] == "invalid_field"
    expect_others_answered(client, token)
    expect_no_connection_lost(worker, mark)


def test_a_redelivered_header_larger_than_a_frame_costs_no_connection(client, worker, start_worker, subject):
    """A quorum queue adds `x-delivery-count` when it redelivers a message."""
    token = client.create(subject)["tokens"]["session"]
    assert worker.stop() == 0
    properties = filling(0, **ids(client))
    body = b'{"token":"%s"}' % token.encode()
    client.channel.basic_publish(f"{client.namespace}.commands", "session.refresh", body, properties)
    other = pika.BlockingConnection(client.connection._impl.params).channel()
    queue = f"{client.namespace}.commands.manage"
    for _ in range(3):
        method = client.wait(lambda: (other.basic_get(queue)[0]), "the command")
        other.basic_nack(method.delivery_tag, requeue=True)
    other.connection.close()
    again = start_worker().await_ready()
    assert client.await_reply(properties.correlation_id).code == "invalid_field"  # the command has no such key
    expect_others_answered(client, token)
    expect_no_connection_lost(again, 0)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_undefined_property_flags_cost_no_connection(client, start_worker, amqp_url, subject, bits):
    """RabbitMQ forwards two property flag bits that no version of the protocol defines."""
    worker = start_worker().await_ready()
    token = client.create(subject)["tokens"]["session"]
    mark = len(worker.log)
    properties = ids(client)
    listed = bytearray(property_list(**properties))
    listed[1] |= bits
    publisher = RawPublisher(amqp_url)
    publisher.publish(f"{client.namespace}.commands", "session.validate", bytes(listed), b'{"token":"x"}')
    assert client.await_reply(properties["correlation_id"]).data["valid"] is False
    publisher.close()
    expect_others_answered(client, token)
    expect_no_connection_lost(worker, mark)
