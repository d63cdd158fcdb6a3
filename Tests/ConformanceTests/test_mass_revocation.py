"""Revoking thousands of a tenant's sessions: in force with the reply, and drained afterwards by any living worker."""

import random
import time
import uuid

import pytest

from settling import Batch, Command, creates, expect_no_gaps
from workers import wait_until

pytestmark = pytest.mark.core

MANY = 1500
ENDS = {"session.revoked", "session.expired", "session.evicted"}


@pytest.fixture(scope="module")
def declared(start_worker):
    """Declares the topology with a short-lived worker, so that a client can consume before any other starts."""
    assert start_worker().await_ready().stop() == 0


@pytest.fixture(scope="module")
def client(declared, connect):
    return connect()


@pytest.fixture
def run(start_worker, policy_file):
    """Starts workers that are stopped when the test ends."""
    path = policy_file({"web": {}, "patient": {"maxSessions": 0}})
    workers = []

    def run():
        workers.append(start_worker(policy_file=path).await_ready())
        return workers[-1]

    yield run
    for worker in workers:
        if worker.running:
            assert worker.stop() == 0


@pytest.fixture
def tenant():
    """A tenant that no other test uses: one test must not end another's sessions."""
    return f"t-{uuid.uuid4().hex[:12]}"


def create(client, tenant, count, **fields):
    """Creates this many sessions, each for its own subject; returns their data."""
    subjects = [f"{uuid.uuid4().hex[:12]}-{number}" for number in range(count)]
    batch = Batch(client, creates(subjects, tenant=tenant, **fields)).publish().settle()
    return [reply.data for _, reply in batch.results()]


def ids(created):
    return {each["session"]["id"] for each in created}


def revoke(client, tenant, **narrowing):
    data = client.call("session.revoke", {"tenant": tenant, "all": True} | narrowing).data
    assert data == {"revoked": [], "count": 0, "pending": True}


def validations(client, tenant, created):
    commands = [
        Command("session.validate", {"token": each["tokens"]["session"], "tenant": tenant}) for each in created
    ]
    batch = Batch(client, commands).publish().settle()
    return [batch.final(each.message_id)[0].data for each in commands]


def reasons(client, tenant, created):
    return {each.get("reason", "valid") for each in validations(client, tenant, created)}


def ends(client, expected):
    """The end events of sessions: session id to the types and ids of its events, each once."""
    found = {}
    for event in client.events:
        session = event.body["data"].get("sessionId")
        if session in expected and event.body["type"] in ENDS:
            found.setdefault(session, {})[event.body["id"]] = event.body
    return found


def expect_each_ended_once(client, sessions, reason):
    """Checks that each of these sessions has exactly one end event."""
    client.wait(lambda: ends(client, sessions).keys() >= sessions, "an event for every session", 120)
    expect_no_gaps(client)
    for events in ends(client, sessions).values():
        (event,) = events.values()
        assert (event["type"], event["data"]["reason"]) == ("session.revoked", reason)


def test_after_the_reply_no_session_of_the_tenant_is_valid_and_each_gets_one_event(client, run, tenant):
    workers = [run(), run()]
    created = create(client, tenant, MANY)
    others = create(client, f"{tenant}-other", 20)
    before = time.monotonic()
    revoke(client, tenant, reason="breach")
    replied = time.monotonic() - before
    assert reasons(client, tenant, created) == {"revoked"}
    assert replied < 2, "the reply does not wait for the sessions"
    told = validations(client, tenant, created[:1])[0]["session"]
    assert (told["status"], told["endReason"]) == ("revoked", "breach")
    expect_each_ended_once(client, ids(created), "breach")
    assert reasons(client, f"{tenant}-other", others) == {"valid"}
    assert reasons(client, tenant, create(client, tenant, 5)) == {"valid"}, "what begins after the reply is not meant"
    assert all(worker.running for worker in workers)


def test_killing_a_worker_during_the_drain_neither_loses_nor_duplicates_events(client, run, tenant):
    doomed = run()
    created = create(client, tenant, MANY)
    revoke(client, tenant, reason="breach")
    client.wait(lambda: len(ends(client, ids(created))) >= 50, "the drain to be under way", 60)
    doomed.kill()
    so_far = len(ends(client, ids(created)))
    run()
    assert reasons(client, tenant, created) == {"revoked"}
    expect_each_ended_once(client, ids(created), "breach")
    assert so_far < MANY, "it was killed in the middle"


def test_only_sessions_that_match_all_filters_end(client, run, tenant):
    run()
    near, far = {"ip": "203.0.113.24"}, {"ip": "198.51.100.7"}
    meant = create(client, tenant, 3, policy="web", device={"id": "d-1"}, context=near)
    spared = [
        *create(client, tenant, 3, policy="patient", device={"id": "d-1"}, context=near),
        *create(client, tenant, 3, policy="web", device={"id": "d-2"}, context=near),
        *create(client, tenant, 3, policy="web", device={"id": "d-1"}, context=far),
        *create(client, tenant, 3, policy="web"),
    ]
    later = meant[0]["session"]["createdAt"]
    revoke(client, tenant, policy="web", deviceId="d-1", network="203.0.113.0/24", begunBefore=later)
    assert "valid" in reasons(client, tenant, meant), "it began then, and not before"
    revoke(client, tenant, policy="web", deviceId="d-1", network="203.0.113.0/24", reason="stolen")
    assert reasons(client, tenant, meant) == {"revoked"}
    assert reasons(client, tenant, spared) == {"valid"}
    client.wait(lambda: ends(client, ids(meant)).keys() >= ids(meant), "an event for every session", 60)
    assert not ends(client, ids(spared))


def test_sessions_begun_before_the_reply_end_and_later_ones_do_not_whatever_races(
    client, run, tenant, request
):
    run(), run()
    order = random.Random(f"{request.config.getoption('seed')} {tenant}")
    for round_ in range(5):
        created = create(client, tenant, 60, policy="patient")
        commands = [Command("session.revoke", {"tenant": tenant, "all": True, "reason": "breach"})]
        for each in created:
            commands += [
                Command("session.refresh", {"refreshToken": each["tokens"]["refresh"], "tenant": tenant}),
                Command("session.validate", {"token": each["tokens"]["session"], "tenant": tenant}),
                Command("session.create", {"subject": each["session"]["subject"], "tenant": tenant}),
                Command("session.create", {"subject": uuid.uuid4().hex, "tenant": tenant, "policy": "patient"}),
            ]
        order.shuffle(commands)
        batch = Batch(client, commands).publish()
        (revocation,) = [each for each in commands if each.name == "session.revoke"]
        client.wait(lambda: batch.final(revocation.message_id), "the reply to the revocation")
        assert reasons(client, tenant, created) == {"revoked"}, f"round {round_}"
        batch.settle()
        # A session that began concurrently did so before or after the revocation; either way, its state and its events
        # must agree.
        begun = [reply.data for command, reply in batch.results() if command.name == "session.create"]
        ended = [
            each for each, now in zip(begun, validations(client, tenant, begun)) if now.get("reason") == "revoked"
        ]
        assert reasons(client, tenant, create(client, tenant, 5)) == {"valid"}
        expect_each_ended_once(client, ids(created) | ids(ended), "breach")
        revoke(client, tenant, reason="tidy_up")


def test_a_completed_revocation_is_removed(client, run, tenant):
    worker = run()
    created = create(client, tenant, 10)
    before = len(worker.log)
    revoke(client, tenant, reason="breach")
    worker.await_log("a mass revocation is complete", seconds=180, after=before)
    assert reasons(client, tenant, created) == {"revoked"}
    assert len(ends(client, ids(created))) == 10


def test_a_session_that_idled_out_before_cannot_be_resumed(client, run, tenant):
    run()
    (created,) = create(client, tenant, 1, idleSeconds=1)
    token = {"token": created["tokens"]["session"], "tenant": tenant}

    def idle():
        answer = client.call("session.validate", token | {"touch": False}).data
        return answer if answer["valid"] is False else None

    assert wait_until(idle, 20, "the session to idle out")["remedy"] == "reauthenticate"
    revoke(client, tenant)
    assert client.call("session.validate", token).data["remedy"] == "login"
    again = client.attempt("session.reauthenticate", token | {"authentication": {"methods": ["pwd"]}})
    assert again.code == "session_ended"
