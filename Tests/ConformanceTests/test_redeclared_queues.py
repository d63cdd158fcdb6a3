"""A queue of ours that was redeclared with other arguments: used as it is, or its differences named."""

import uuid

import pika
import pytest
import requests

from client import Client


@pytest.fixture
def channel(amqp_url):
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


@pytest.fixture
def there(namespace):
    return f"{namespace}-{uuid.uuid4().hex[:6]}"


def test_a_harmless_difference_does_not_keep_a_worker_from_consuming(start_worker, channel, there, amqp_url, subject):
    channel.queue_declare(
        f"{there}.commands.validate", durable=True,
        arguments={"x-queue-mode": "lazy", "x-max-length": 1000, "x-overflow": "reject-publish"},
    )
    worker = start_worker(namespace=there).await_ready()
    client = Client(amqp_url, there)
    token = client.create(subject)["tokens"]["session"]
    assert client.validate(token)["valid"] is True
    for argument in ("x-queue-mode", "x-max-length", "x-overflow"):
        worker.await_log(rf"differs from its declaration.*{argument}")
    client.delete_topology()
    client.close()


def test_a_difference_that_breaks_a_promise_is_named_until_it_is_fixed(start_worker, channel, there, amqp_url, subject):
    channel.queue_declare(f"{there}.commands.manage", durable=True)
    worker = start_worker(namespace=there)
    worker.await_log("x-queue-type of the queue .*commands.manage is not set, where 'quorum' is wanted")
    answer = requests.get(f"http://{worker.admin}/readyz", timeout=5)
    assert answer.status_code == 503
    assert "x-queue-type" in answer.text and f"{there}.commands.manage" in answer.text and "quorum" in answer.text
    channel.queue_delete(f"{there}.commands.manage")
    worker.await_ready()
    client = Client(amqp_url, there)
    assert client.create(subject)["tokens"]
    client.delete_topology()
    client.close()


def test_a_missing_binding_is_reported_when_a_command_arrives_as_unknown(start_worker, channel, there, amqp_url):
    assert start_worker(namespace=there).await_ready().stop() == 0
    channel.queue_unbind(f"{there}.commands.validate", f"{there}.commands", "session.get")
    worker = start_worker(namespace=there, topology="check").await_ready()
    client = Client(amqp_url, there)
    session = client.create("alice")["session"]["id"]
    assert client.do("session.get", sessionId=session)["session"]["subject"] == "alice"
    worker.await_log(r"arrived as an unknown one.* command=session\.get")
    assert "command=session.create" not in worker.log
    client.delete_topology()
    client.close()
