"""A Swift service that uses the client library: Tests/ClientExample, which sees only public API."""

import re
import signal
import subprocess

import pika
import pytest

from processes import end_process, start_process
from workers import built, wait_until


@pytest.fixture(scope="module")
def program(binary):
    return built("ClientExample")


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker().await_ready()


@pytest.fixture(scope="module")
def client(worker, connect):
    return connect()


def run(program, *arguments, **environment):
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_tour(program, worker, settings):
    done = run(program, "tour", **settings)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "alice is logged in on Firefox"
    assert lines[1].startswith("refused: ")
    assert lines[2] == "1 session has ended"


def test_it_handles_events_and_ends_when_it_should(program, worker, client, settings, tmp_path):
    log = tmp_path / "log"
    service = start_process([program], log, env=settings)
    try:

        def is_one_handled():
            # Nobody is told when the queue is bound, so a session ends at every look.
            session = client.create("bob")["session"]["id"]
            client.do("session.revoke", sessionId=session)
            return "forgot session ses_" in log.read_text()

        wait_until(is_one_handled, 30, "an event to be handled")
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == 0, log.read_text()
    finally:
        end_process(service)
        with pika.BlockingConnection(pika.URLParameters(settings["SOJOURN_AMQP_URL"])) as connection:
            connection.channel().queue_delete("devices.sessions")


def test_without_a_broker_it_says_so(program):
    done = run(program, "tour", SOJOURN_AMQP_URL="amqp://127.0.0.1:1")
    assert done.returncode != 0
    assert re.search("not_connected: .*127.0.0.1:1", done.stderr)
