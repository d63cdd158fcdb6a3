"""A verifier in a service (Sources/SojournVerifier, by way of Tests/VerifierTrial), against a real broker and a real worker."""

import select
import subprocess

import pytest

from brokers import Broker
from client import Client
from proxy import Proxy
from workers import built, wait_until

PASSWORD = {"methods": ["pwd"]}
SECONDS = 30


class Verifier:
    """A process that verifies tokens."""

    def __init__(self, amqp_url, worker, log, *arguments):
        self.log = log
        keys = f"http://{worker.admin}/.well-known/jwks.json"
        place = ["--amqp-url", amqp_url, "--namespace", worker.namespace, "--keys", keys]
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                [built("sojourn-verifier-trial"), "decide", *place, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)  # fmt: skip

    def ask(self, line=""):
        """What it says about a token; about itself, if there is none."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        assert select.select([self.process.stdout], [], [], SECONDS)[0], "the verifier does not answer"
        return self.process.stdout.readline().decode().strip()

    def await_answer(self, answer, line="", seconds=SECONDS):
        wait_until(lambda: self.ask(line) == answer, seconds, f"the verifier to say {answer}")

    def await_decision(self, client, subject):
        """Waits until it decides about the tokens that are issued now, and returns a session's."""

        def decided():
            created = client.create(subject, authentication=PASSWORD)
            return created if self.ask(created["tokens"]["access"]) == "accepted" else None

        self.await_answer("trusted")
        return wait_until(decided, SECONDS, "a token to be accepted")

    def stop(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return self.process.wait(timeout=SECONDS)


@pytest.fixture
def verify(tmp_path):
    """Starts verifiers, which end with the test."""
    verifiers = []

    def verify(amqp_url, worker, *arguments):
        verifiers.append(Verifier(amqp_url, worker, tmp_path / f"verifier-{len(verifiers) + 1}.log", *arguments))
        return verifiers[-1]

    yield verify
    assert [verifier.stop() for verifier in verifiers] == [0] * len(verifiers)


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker().await_ready()


@pytest.fixture(scope="module")
def client(worker, connect):
    return connect()


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


def test_what_happens_to_a_session_counts_for_its_access_tokens(worker, client, amqp_url, verify, subject):
    verifier = verify(amqp_url, worker)
    created = verifier.await_decision(client, subject)
    session, token = created["session"]["id"], created["tokens"]["access"]

    client.do("session.lock", sessionId=session)
    verifier.await_answer("locked", token)
    client.do("session.unlock", sessionId=session)
    verifier.await_answer("accepted", token)

    # In the same second, most of the time: only the generation tells these tokens apart.
    elevated = client.do("session.elevate", token=created["tokens"]["session"], authentication={"methods": ["otp"]})
    verifier.await_answer("unknown", token)
    assert client.validate(token)["reason"] == "unknown"
    token = elevated["tokens"]["access"]
    assert verifier.ask(token) == "accepted"
    refreshed = client.do("session.refresh", refreshToken=elevated["tokens"]["refresh"])
    assert verifier.ask(token) == verifier.ask(refreshed["tokens"]["access"]) == "accepted"
    assert client.validate(token)["valid"] is True, "refreshing replaces no access token"

    client.do("session.revoke", sessionId=session)
    for old in (token, refreshed["tokens"]["access"]):
        verifier.await_answer("revoked", old)
    assert client.validate(token)["reason"] == "revoked"

    other = client.create(subject)["tokens"]["access"]
    assert verifier.ask(other) == "accepted"
    client.do("subject.disable", subject=subject)
    verifier.await_answer("subject_disabled", other)


def test_the_worker_is_asked_about_earlier_tokens_of_any_tenant(worker, client, amqp_url, verify, subject):
    good = client.create(subject, tenant="acme")["tokens"]["access"]
    ended = client.create(subject, tenant="acme")
    client.do("session.revoke", tenant="acme", sessionId=ended["session"]["id"])
    refusing, asking = verify(amqp_url, worker), verify(amqp_url, worker, "--ask-worker")
    for verifier in (refusing, asking):
        verifier.await_answer("trusted")
    assert refusing.ask(good) == refusing.ask(ended["tokens"]["access"]) == "issued_before_listening"
    assert asking.ask(good) == "accepted"
    assert asking.ask(ended["tokens"]["access"]) == "revoked"


def test_verifiers_that_share_a_queue_decide_nothing(worker, client, amqp_url, verify, subject):
    queue = f"{worker.namespace}-verifier"
    first = verify(amqp_url, worker, "--queue", queue, "--maximum-silence", "3")
    token = first.await_decision(client, subject)["tokens"]["access"]
    second = verify(amqp_url, worker, "--queue", queue, "--maximum-silence", "3")
    for verifier in (first, second):
        wait_until(lambda log=verifier.log: "somebody else reads the queue" in log.read_text(), SECONDS, "a warning")
        verifier.await_answer("untrusted")
        assert verifier.ask(token) == "stale"
    assert second.stop() == 0
    first.await_answer("trusted")
    assert first.ask(token) == "issued_before_listening"
    client.channel.queue_delete(queue)


@pytest.mark.parametrize("is_durable", [True, False], ids=["durable", "temporary"])
def test_a_revocation_beats_the_token_through_a_restart_of_the_broker(
    is_durable, broker, start_worker, verify, subject, tmp_path
):
    worker = start_worker(amqp_url=broker.url).await_ready()
    client = Client(broker.url, worker.namespace)
    proxy = Proxy(("127.0.0.1", broker.port))
    proxy.restore()
    url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/"
    queue = ["--queue", "verifier"] if is_durable else []
    verifier = verify(url, worker, "--maximum-silence", "3", *queue)
    kept = verifier.await_decision(client, subject)["tokens"]["access"]
    ended = client.create(subject)
    stolen = ended["tokens"]["access"]
    assert verifier.ask(stolen) == "accepted"

    proxy.cut()
    client.do("session.revoke", sessionId=ended["session"]["id"])
    verifier.await_answer("stale", stolen)
    client.close()
    broker.end()
    broker.start()
    broker.await_serving()
    assert verifier.ask(stolen) == verifier.ask(kept) == "stale"

    proxy.restore()
    verifier.await_answer("trusted", seconds=60)
    if is_durable:
        assert verifier.ask(stolen) == "revoked"
        assert verifier.ask(kept) == "accepted"
    else:
        assert verifier.ask(stolen) == verifier.ask(kept) == "issued_before_listening"
    asking = verify(url, worker, "--ask-worker")
    asking.await_answer("trusted")
    worker.await_ready()
    assert asking.ask(stolen) == "revoked"
    asking.await_answer("accepted", kept)
    proxy.cut()
    assert worker.stop() == 0
