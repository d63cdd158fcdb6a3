"""A Swift service that uses the client library: Tests/ClientExample, which sees only public API."""

import re
import signal
import subprocess

import pika
import pyotp
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


def run(program, *arguments, input="", **environment):
    return subprocess.run(
        [program, *arguments], env=environment, input=input, capture_output=True, text=True, timeout=60, check=False)


def test_the_tour(program, worker, settings):
    done = run(program, "tour", **settings)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "alice is logged in on Firefox"
    assert lines[1].startswith("refused: ")
    assert lines[2] == "1 session has ended"


def test_the_recipes(program, worker, client, settings):
    enrolment = client.do("factor.enroll", subject="customer", type="totp")
    code = pyotp.TOTP(enrolment["secret"]).now()
    client.do("factor.confirm", subject="customer", factorId=enrolment["factorId"], code=code)
    done = run(program, "recipes", input=f"customer\n{enrolment['recoveryCodes'][0]}\n", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "device: laptop (this one)", "device: phone", "device: tablet",
        "a stranger's session ends: false", "the phone's session ends: true", "logged out elsewhere: 1",
        "before payment: askForCode", "a wrong code raises it: false", "with a second factor: pay",
        "seen by: employee-7, may change the password: false", "migrated once: true",
    ]  # fmt: skip


def test_it_verifies_tokens_by_itself(program, worker, client, settings):
    created = client.create("alice")
    token = created["tokens"]["access"]
    keys = f"http://{worker.admin}/.well-known/jwks.json"
    shop = subprocess.Popen(
        [program, "verify"], env=settings | {"SOJOURN_KEYS_URL": keys}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    try:

        def status(token):
            shop.stdin.write(token + "\n")
            shop.stdin.flush()
            return shop.stdout.readline().strip()

        wait_until(lambda: status(token) == "200", 30, "a verifier that has connected")
        assert status("something else") == "401"
        client.do("session.revoke", sessionId=created["session"]["id"])
        wait_until(lambda: status(token) == "401", 30, "the revocation")
    finally:
        shop.stdin.close()
        end_process(shop)


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
