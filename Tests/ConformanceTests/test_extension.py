"""A worker with extension rules and factors: Tests/ExtensionExample, which uses only public API."""

import subprocess

import pytest

from workers import Worker, built

HERE = {"ip": "192.0.2.7", "country": "DE"}
BLOCKED = {"ip": "203.0.113.7"}


@pytest.fixture(scope="module")
def extended(binary):
    return built("ExtensionExample")


@pytest.fixture(scope="module")
def start(extended, settings, policy_file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("workers")
    strict = {"mfa": {"maxAttempts": 2, "lockSeconds": 2}}
    patient = {"mfa": {"maxAttempts": 1000}}
    policies = policy_file({"one": {"maxSessions": 1}, "strict": strict, "patient": patient})
    workers = []
    request.module.workers_to_report = workers

    def start():
        name = f"extended-{len(workers) + 1}"
        workers.append(Worker(extended, folder, name, settings | {"SOJOURN_POLICY_FILE": policies}))
        return workers[-1].await_ready()

    yield start
    assert {worker.stop() for worker in workers} == {0}, "they drain and exit like sojourn worker"


@pytest.fixture(scope="module")
def worker(start):
    return start()


CODES = ["755224", "287082", "359152", "969429"]  # RFC 4226, appendix D, as displayed by the example's token


def with_code(code):
    return {"factor": {"type": "hotp", "code": code}}


def test_a_rule_refuses_before_anything_happens(client, subject):
    created = client.create(subject, context=HERE)
    reply = client.call("session.create", {"subject": subject, "context": BLOCKED})
    assert (reply.status, reply.code) == ("rejected", "not_permitted")
    assert reply.body["error"]["message"] == "sessions are not served to this network"
    token = created["tokens"]["session"]
    assert client.call("session.validate", {"token": token, "context": BLOCKED}).code == "not_permitted"
    assert client.validate(token)["valid"] is True
    # Operators are exempt from a network's block.
    assert client.call("session.revoke", {"subject": subject}).data["count"] == 1
    client.await_event(subject, "session.revoked")
    assert client.kinds(subject) == ["session.created", "session.revoked"]


def test_a_rule_requires_a_level(client, subject):
    created = client.create(subject, tenant="bank", authentication={"methods": ["pwd"]})
    assert created["session"]["status"] == "pending"
    assert created["challenge"]["reason"] == "mfa_required"
    assert created["annotations"] == {"levelRequiredBy": "tenant"}
    elevated = client.call(
        "session.elevate",
        {"tenant": "bank", "token": created["tokens"]["session"], "authentication": {"methods": ["sms"]}},
    ).data
    assert (elevated["session"]["status"], elevated["session"]["level"]) == ("active", 2)
    assert client.validate(elevated["tokens"]["session"], tenant="bank")["valid"] is True
    assert client.create(subject)["session"]["status"] == "active", "elsewhere nobody asks for more"


def test_a_rule_annotates_reply_and_copy(client, subject):
    token = client.create(subject, context=HERE)["tokens"]["session"]
    assert "annotations" not in client.validate(token, context=HERE)
    reply = client.call("session.validate", {"token": token, "context": {"country": "FR"}})
    assert reply.data["annotations"] == {"countryBefore": "DE", "countryNow": "FR"}
    assert reply.data["valid"] is True


def test_a_rule_refuses_after_the_decision_and_undoes_it(client, subject):
    first = client.create(subject, tenant="kiosk", policy="one")
    reply = client.call("session.create", {"tenant": "kiosk", "subject": subject, "policy": "one"})
    assert (reply.code, reply.body["error"]["message"]) == ("not_permitted", "all seats are taken")
    assert client.validate(first["tokens"]["session"], tenant="kiosk")["valid"] is True
    assert client.create(subject, policy="one") and client.create(subject, policy="one")["evicted"]
    client.call("session.revoke", {"tenant": "kiosk", "subject": subject})
    client.await_event(subject, "session.revoked", tenant="kiosk")
    assert client.kinds(subject, tenant="kiosk") == ["session.created", "session.revoked"]


def test_a_verifier_s_codes_count_once_and_wrong_ones_lock_them(client):
    subject = "alice"  # the owner of a token in the example
    tokens = client.create(subject, policy="strict", authentication={"methods": ["pwd"]})["tokens"]

    def elevate(code):
        # schemas/ lists only the built-in types of factor.
        return client.attempt("session.elevate", {"token": tokens["session"], **with_code(code)})

    def rejected(code, reason):
        assert elevate(code).code == "factor_rejected"
        event = client.await_event(subject, "factor.rejected").body
        assert (event["data"]["factor"], event["data"]["reason"]) == ({"type": "hotp"}, reason)
        client.events.clear()

    data = elevate(CODES[1]).data
    assert (data["session"]["level"], data["session"]["methods"]) == (2, ["pwd", "otp"])
    tokens = data["tokens"]
    rejected(CODES[1], "code")
    rejected(CODES[0], "locked")
    assert elevate(CODES[2]).code == "factor_locked"
    data = client.wait(lambda: (reply := elevate(CODES[2])).status == "succeeded" and reply.data, "the lock to pass")
    assert client.validate(data["tokens"]["session"])["valid"] is True


def test_only_one_of_two_workers_accepts_a_code(client, start):
    start()
    body = {"subject": "alice", "policy": "patient", **with_code(CODES[3])}
    sent = [client.publish("session.create", body) for _ in range(40)]
    replies = [client.await_reply(name) for name in sent]
    assert [reply.status for reply in replies].count("succeeded") == 1
    assert {reply.code for reply in replies if reply.status != "succeeded"} == {"factor_rejected"}


def test_a_kind_of_factor_without_a_verifier_is_an_invalid_field(client, subject):
    body = {"subject": subject, "factor": {"type": "hotq", "code": "1"}}
    reply = client.attempt("session.create", body)
    assert (reply.code, reply.path) == ("invalid_field", "/factor/type")
    assert "hotp" in reply.body["error"]["message"]


def test_the_log_names_rules_and_verifiers(worker):
    worker.await_log("extension rules and factors loaded.*BlockedNetworks.*hotp")


def run(*arguments):
    return subprocess.run(arguments, env={}, capture_output=True, text=True, timeout=60, check=False)


def test_the_example_accepts_the_options_of_sojourn_worker_with_or_without_the_subcommand(extended):
    for arguments in ([extended], [extended, "worker"]):
        done = run(*arguments)
        assert (done.returncode, done.stderr[:9]) == (78, "sojourn: ") and "SOJOURN_KEYRING_FILE" in done.stderr
        wrong = run(*arguments, "--no-such-option")
        assert wrong.returncode == 64 and wrong.stderr.startswith("sojourn: ")
    assert "--amqp-url" in run(extended, "worker", "--help").stdout
