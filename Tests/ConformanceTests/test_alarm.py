"""A broker under a memory alarm blocks publishers for any length of time."""

import signal
import time

import pytest

from brokers import Broker
from client import ABSENT, Client
from workers import wait_until

DRAIN_SECONDS = 4


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


def test_a_worker_ends_within_its_drain_time_while_the_broker_has_an_alarm(broker, start_worker):
    worker = start_worker(amqp_url=broker.url, drain_seconds=str(DRAIN_SECONDS)).await_ready()
    client = Client(broker.url, worker.namespace)
    client.create("before")
    # Published before the alarm, which would also block this publisher; delivered when the worker continues.
    worker.process.send_signal(signal.SIGSTOP)
    for number in range(20):
        client.publish("session.create", {"subject": f"s{number}"}, reply_to=ABSENT)
    # A reply on the same channel shows that the broker has read everything published before.
    client.channel.queue_declare(f"{worker.namespace}.commands.manage", passive=True)
    broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
    worker.process.send_signal(signal.SIGCONT)
    worker.await_log("has blocked publishing")
    wait_until(lambda: "sojourn_blocked_seconds_total 0\n" not in worker.answer("/metrics").text, 20, "time to be counted")
    assert "sojourn_blocked_connections 0\n" not in worker.answer("/metrics").text
    begin = time.monotonic()
    worker.terminate()
    assert worker.exit_status(DRAIN_SECONDS + 15) == 0
    assert time.monotonic() - begin < DRAIN_SECONDS + 6

    broker.control("set_vm_memory_high_watermark", "0.8")
    client.connection.close()
    again = start_worker(amqp_url=broker.url).await_ready()
    client = Client(broker.url, worker.namespace)
    for number in range(20):
        # What the first worker could not publish is not lost.
        client.wait(lambda n=number: client.call("session.list", {"subject": f"s{n}"}).data["sessions"], f"s{number}")
    client.close()
    assert again.stop() == 0
