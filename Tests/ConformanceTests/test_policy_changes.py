"""Policies that change: a tenant's own, set by command, and the file; and what becomes of their sessions."""

import os
import time
import uuid
from datetime import datetime

import pytest

POLICIES = {
    "least": {"maxSessions": 2},
    "reject": {"maxSessions": 2, "onLimit": "reject"},
}
DEFAULTS = {
    "idleSeconds": 1800, "absoluteSeconds": 43200, "touchIntervalSeconds": 60, "accessTokenSeconds": 300,
    "refreshSeconds": 43200, "refreshGraceSeconds": 30, "maxSessions": 5, "onLimit": "evictLeastRecentlyActive",
    "mfa": {"required": "never", "pendingSeconds": 300, "maxAttempts": 5, "lockSeconds": 900, "validSeconds": 43200},
    "context": dict.fromkeys(["ip", "network", "country", "asn", "userAgent", "fingerprint", "travel"], "off")
    | {"maxTravelKmh": 900, "require": []},
    "reauthenticationWindowSeconds": 3600, "transferSeconds": 60, "maxDepth": 4, "maxChildren": 32,
    "endedSeconds": 86400,
}  # fmt: skip


@pytest.fixture(scope="module")
def policies(policy_file):
    return policy_file(POLICIES)


@pytest.fixture(scope="module")
def worker(start_worker, policies):
    return start_worker(policy_file=policies).await_ready()


# --- policies of a tenant's own ----------------------------------------------------------------------------------


@pytest.fixture
def tenant():
    """A tenant that no other test uses."""
    return f"tenant-{uuid.uuid4().hex[:8]}"


def put(client, tenant, name, **policy):
    return client.do("policy.put", tenant=tenant, name=name, policy=policy)


def get(client, tenant, name):
    return client.do("policy.get", tenant=tenant, name=name)["policy"]


def life(reply):
    """A session's absolute lifetime in seconds, by which these tests tell policies apart."""
    session = reply.data["session"]
    began, ends = [datetime.fromisoformat(session[key].replace("Z", "+00:00")) for key in ("createdAt", "expiresAt")]
    return (ends - began).total_seconds()


def expect_on_every_worker(client, command, body, holds):
    """Waits until a dozen replies, spread over the workers, are all as expected, within a second."""
    deadline = time.monotonic() + 1
    while True:
        in_time = time.monotonic() < deadline
        waiting = [client.publish(command, body) for _ in range(12)]
        replies = [client.await_reply(each) for each in waiting]
        if all(holds(each) for each in replies):
            return replies[0].data
        assert in_time, f"after a second some worker has another policy: {[each.body for each in replies]}"


def expect_in_force(client, subject, tenant, name, seconds):
    """Waits until every worker creates sessions with this lifetime."""
    body = {"subject": subject, "tenant": tenant, "policy": name}
    return expect_on_every_worker(
        client, "session.create", body, lambda reply: reply.status == "succeeded" and life(reply) == seconds
    )


def test_a_policy_is_returned_with_every_key(client, tenant):
    assert get(client, tenant, "default") == DEFAULTS
    assert get(client, tenant, "least") == DEFAULTS | {"maxSessions": 2}
    data = put(client, tenant, "mine", idleSeconds=60, mfa={"required": "onRisk"}, context={"travel": "lock"})
    expected = DEFAULTS | {
        "idleSeconds": 60, "mfa": DEFAULTS["mfa"] | {"required": "onRisk"},
        "context": DEFAULTS["context"] | {"travel": "lock"},
    }  # fmt: skip
    assert data == {"name": "mine", "policy": expected}
    assert get(client, tenant, "mine") == expected


def test_a_policy_set_by_command_overrides_the_file(client, tenant):
    put(client, tenant, "reject", maxSessions=7)
    assert get(client, tenant, "reject") == DEFAULTS | {"maxSessions": 7}, "whole: an absent key is its default"
    assert get(client, f"{tenant}-other", "reject") == DEFAULTS | {"maxSessions": 2, "onLimit": "reject"}


def test_a_policy_is_replaced_completely(client, tenant):
    put(client, tenant, "mine", idleSeconds=60, maxSessions=1)
    put(client, tenant, "mine", maxSessions=2)
    assert get(client, tenant, "mine") == DEFAULTS | {"maxSessions": 2}


def test_the_default_policy_can_be_set(client, subject, tenant):
    put(client, tenant, "default", absoluteSeconds=600, idleSeconds=600)
    session = expect_in_force(client, subject, tenant, "default", 600)["session"]
    assert session["expiresAt"] == session["idleExpiresAt"]


def test_the_list_of_policies_merges_those_set_and_those_in_the_file(client, tenant):
    put(client, tenant, "a-first", idleSeconds=60)
    put(client, tenant, "least", idleSeconds=61)
    listed = client.do("policy.list", tenant=tenant)["policies"]
    assert [each["name"] for each in listed] == sorted([*POLICIES, "default", "a-first"])
    shown = {each["name"]: each["policy"] for each in listed}
    assert shown["a-first"] == DEFAULTS | {"idleSeconds": 60}
    assert shown["least"] == DEFAULTS | {"idleSeconds": 61}
    assert shown["default"] == DEFAULTS


def test_another_tenant_does_not_see_a_policy(client, subject, tenant):
    other = f"{tenant}-other"
    put(client, tenant, "secret-plan", idleSeconds=60)
    assert client.refused("policy.get", tenant=other, name="secret-plan") == "policy_not_found"
    assert "secret-plan" not in [each["name"] for each in client.do("policy.list", tenant=other)["policies"]]
    creation = {"subject": subject, "policy": "secret-plan"}
    assert client.refused("session.create", tenant=other, **creation) == "policy_not_found"
    assert client.refused("session.create", **creation) == "policy_not_found"


def test_a_name_without_a_policy_is_not_found(client, tenant):
    for name in ("nowhere", "not a name", "é"):
        assert client.refused("policy.get", tenant=tenant, name=name) == "policy_not_found"


BAD = [
    ({"idleSeconds": 0}, "/policy/idleSeconds"),
    ({"idleSeconds": 50_000}, "/policy/idleSeconds"),
    ({"absoluteSeconds": 600}, "/policy/idleSeconds"),
    ({"idleSeconds": "60"}, "/policy/idleSeconds"),
    ({"idelSeconds": 60}, "/policy/idelSeconds"),
    ({"maxSessions": -1}, "/policy/maxSessions"),
    ({"refreshGraceSeconds": 301}, "/policy/refreshGraceSeconds"),
    ({"onLimit": "evict"}, "/policy/onLimit"),
    ({"mfa": {"required": "sometimes"}}, "/policy/mfa/required"),
    ({"mfa": {"maxAttempts": 0}}, "/policy/mfa/maxAttempts"),
    ({"mfa": {"enabled": True}}, "/policy/mfa/enabled"),
    ({"context": {"ip": "block"}}, "/policy/context/ip"),
    ({"context": {"useragent": "lock"}}, "/policy/context/useragent"),
    ({"context": None}, "/policy/context"),
    ({"maxDepth": 33}, "/policy/maxDepth"),
    ([], "/policy"),
]


@pytest.mark.parametrize(("policy", "path"), BAD)
def test_an_invalid_policy_is_refused_and_the_old_one_stays(client, tenant, policy, path):
    put(client, tenant, "mine", idleSeconds=60)
    reply = client.attempt("policy.put", {"tenant": tenant, "name": "mine", "policy": policy})
    assert (reply.status, reply.code, reply.path) == ("failed", "invalid_field", path)
    assert get(client, tenant, "mine") == DEFAULTS | {"idleSeconds": 60}


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "é"])
def test_an_invalid_policy_name_is_refused(client, tenant, name):
    reply = client.attempt("policy.put", {"tenant": tenant, "name": name, "policy": {}})
    assert (reply.code, reply.path) == ("invalid_field", "/name")


def test_a_tenant_has_at_most_a_hundred_policies(client, tenant):
    puts = [
        client.publish("policy.put", {"tenant": tenant, "name": f"p{number}", "policy": {}}) for number in range(100)
    ]
    for each in puts:
        assert client.await_reply(each).status == "succeeded"
    assert client.refused("policy.put", tenant=tenant, name="one-more", policy={}) == "limit_reached"
    put(client, tenant, "p7", maxSessions=3)
    put(client, f"{tenant}-other", "one-more")


def test_a_policy_that_was_set_is_in_force_on_every_worker_within_a_second(client, start_worker, policies, subject, tenant):
    put(client, tenant, "mine", absoluteSeconds=700, idleSeconds=60)
    start_worker(policy_file=policies).await_ready()
    expect_in_force(client, subject, tenant, "mine", 700)  # also on a worker that starts later
    for seconds in (800, 900, 1000):
        put(client, tenant, "mine", absoluteSeconds=seconds, idleSeconds=60, maxSessions=0)
        expect_in_force(client, subject, tenant, "mine", seconds)


@pytest.mark.parametrize("window", [0, 3600])
def test_an_ended_session_is_remembered_as_long_as_the_policy_says(client, subject, tenant, window):
    times = {"absoluteSeconds": 600, "idleSeconds": 60, "endedSeconds": 1, "reauthenticationWindowSeconds": window}
    put(client, tenant, "mine", **times)
    expect_in_force(client, subject, tenant, "mine", 600)
    created = client.create(f"{subject}-forgotten", tenant=tenant, policy="mine")
    token, session = created["tokens"]["session"], created["session"]["id"]
    client.do("session.revoke", sessionId=session, tenant=tenant)
    assert client.validate(token, tenant=tenant)["reason"] == "revoked"
    client.wait(lambda: client.validate(token, tenant=tenant)["reason"] == "unknown", "the session to be forgotten")
    assert client.refused("session.get", sessionId=session, tenant=tenant) == "session_not_found"
    listed = client.do("session.list", subject=f"{subject}-forgotten", tenant=tenant, includeEnded=True)
    assert listed["sessions"] == []


# --- the file, when it changes -----------------------------------------------------------------------------------


def test_a_policy_file_is_watched_and_an_invalid_one_changes_nothing(elsewhere, policy_file, subject):
    path = policy_file({"mine": {"absoluteSeconds": 700, "idleSeconds": 60}})
    worker, client = elsewhere(policy_file=path)
    assert get(client, "default", "mine")["absoluteSeconds"] == 700

    os.replace(policy_file({"mine": {"absoluteSeconds": 800, "idleSeconds": 60}}), path)
    client.wait(lambda: get(client, "default", "mine")["absoluteSeconds"] == 800, "the new policy to be in force")
    assert life(client.call("session.create", {"subject": subject, "policy": "mine"})) == 800

    os.replace(policy_file({"mine": {"absoluteSeconds": 900, "idleSeconds": 0}}), path)
    worker.await_log("the policy file cannot be used.*/mine/idleSeconds")
    assert get(client, "default", "mine")["absoluteSeconds"] == 800
    assert life(client.call("session.create", {"subject": subject, "policy": "mine"})) == 800


# --- what becomes of sessions when their policy does -------------------------------------------------------------------


def test_after_removing_a_policy_the_files_applies_if_there_is_one(client, tenant):
    put(client, tenant, "least", maxSessions=9)
    assert client.do("policy.remove", tenant=tenant, name="least")["policy"] == DEFAULTS | POLICIES["least"]
    assert get(client, tenant, "least") == DEFAULTS | POLICIES["least"]
    put(client, tenant, "mine", maxSessions=9)
    assert client.do("policy.remove", tenant=tenant, name="mine") == {"name": "mine"}
    assert client.refused("policy.get", tenant=tenant, name="mine") == "policy_not_found"
    put(client, tenant, "default", maxSessions=9)
    assert client.do("policy.remove", tenant=tenant, name="default")["policy"] == DEFAULTS
    for name in ("mine", "least", "default", "\u212a"):
        assert client.refused("policy.remove", tenant=tenant, name=name) == "policy_not_found"


def test_removing_a_policy_allows_another(client, tenant):
    for number in range(100):
        put(client, tenant, f"p{number}")
    client.do("policy.remove", tenant=tenant, name="p50")
    put(client, tenant, "one-more")


def test_sessions_of_a_removed_policy_follow_the_default(client, subject, tenant):
    put(client, tenant, "long", absoluteSeconds=90000, idleSeconds=90000)
    expect_in_force(client, subject, tenant, "long", 90000)
    token = client.create(subject, tenant=tenant, policy="long")["tokens"]["session"]
    client.do("policy.remove", tenant=tenant, name="long")

    def lifetime():
        return life(client.call("session.validate", {"token": token, "tenant": tenant, "touch": False}))

    client.wait(lambda: lifetime() == DEFAULTS["absoluteSeconds"], "the default to hold")


def test_a_stricter_policy_shortens_existing_sessions(client, subject, tenant):
    put(client, tenant, "mine", absoluteSeconds=3600, idleSeconds=3600, maxSessions=0)
    expect_in_force(client, subject, tenant, "mine", 3600)
    created = client.create(f"{subject}-used", tenant=tenant, policy="mine")
    put(client, tenant, "mine", absoluteSeconds=2, idleSeconds=2, maxSessions=0)
    token = created["tokens"]["session"]
    client.wait(
        lambda: client.validate(token, tenant=tenant, touch=False).get("reason") in ("expired_absolute", "expired_idle"),
        "the session to be over",
    )
    event = client.await_event(f"{subject}-used", "session.expired", tenant=tenant).body
    assert event["data"]["sessionId"] == created["session"]["id"]
    # Loosening the policy does not revive it.
    put(client, tenant, "mine", absoluteSeconds=7200, idleSeconds=7200, maxSessions=0)
    expect_in_force(client, subject, tenant, "mine", 7200)
    assert not client.validate(token, tenant=tenant)["valid"]


def test_required_context_fields_cannot_be_omitted(client, subject, tenant):
    rules = {"country": "elevate", "require": ["country"]}
    put(client, tenant, "strict", context=rules, maxSessions=0)
    assert get(client, tenant, "strict") == DEFAULTS | {"context": DEFAULTS["context"] | rules, "maxSessions": 0}
    home, away = {"country": "DE"}, {"country": "FR"}
    other = {"subject": f"{subject}-other", "tenant": tenant, "policy": "strict", "context": home}
    sessions = expect_on_every_worker(client, "session.create", other, lambda reply: reply.status == "succeeded")
    rejected = {"token": sessions["tokens"]["session"], "tenant": tenant}
    expect_on_every_worker(
        client, "session.validate", rejected, lambda reply: reply.data.get("reason") == "context_mismatch"
    )
    token = client.create(subject, tenant=tenant, policy="strict", context=home)["tokens"]["session"]
    assert client.validate(token, tenant=tenant)["reason"] == "context_mismatch"
    assert client.validate(token, tenant=tenant, context=home)["valid"]
    for context in ({}, {"context": away}):
        refused = client.refused("session.transfer.begin", token=token, tenant=tenant, **context)
        assert refused == "context_rejected"
    ticket = client.do("session.transfer.begin", token=token, tenant=tenant, context=home)["ticket"]
    for context in ({}, {"context": away}):
        refused = client.refused("session.transfer.complete", ticket=ticket, tenant=tenant, **context)
        assert refused == "context_rejected"
    assert client.refused("session.update", token=token, tenant=tenant, context=away) == "context_rejected"
    moved = client.do("session.transfer.complete", ticket=ticket, tenant=tenant, context=home)["session"]
    assert moved["context"] == home
