"""Policies from the file: limits and deadlines."""

import pytest

POLICIES = {
    "oldest": {"maxSessions": 2, "onLimit": "evictOldest"},
    "least": {"maxSessions": 2},
    "reject": {"maxSessions": 2, "onLimit": "reject"},
    "endless": {"maxSessions": 0},
    "idle": {"idleSeconds": 4, "reauthenticationWindowSeconds": 600},
    "windowless": {"idleSeconds": 2, "reauthenticationWindowSeconds": 0},
    "absolute": {"idleSeconds": 3, "absoluteSeconds": 3},
    "always": {"mfa": {"required": "always"}, "maxSessions": 2, "onLimit": "reject"},
}


@pytest.fixture(scope="module")
def policies(policy_file):
    return policy_file(POLICIES)


@pytest.fixture(scope="module")
def worker(start_worker, policies):
    return start_worker(policy_file=policies).await_ready()


def is_valid(client, created):
    return client.validate(created["tokens"]["session"], touch=False)["valid"]


# --- limits ------------------------------------------------------------------------------------------------------


def test_by_default_the_sixth_session_evicts_the_least_recently_active(client, subject):
    sessions = [client.create(subject) for _ in range(5)]
    # A refresh is activity, so the first session is no longer the least recently active.
    client.call("session.refresh", {"refreshToken": sessions[0]["tokens"]["refresh"]})
    sixth = client.create(subject)
    evicted = sessions[1]["session"]["id"]
    assert sixth["evicted"] == [evicted]
    assert [is_valid(client, each) for each in [*sessions, sixth]] == [True, False, True, True, True, True]
    answer = client.validate(sessions[1]["tokens"]["session"])
    assert (answer["reason"], answer["session"]["endReason"]) == ("revoked", "evicted")
    event = client.await_event(subject, "session.evicted").body
    assert (event["data"]["sessionId"], event["data"]["reason"]) == (evicted, "evicted")
    client.await_events(subject, "session.limit.reached", *["session.created"] * 6)
    assert client.kinds(subject).count("session.revoked") == 0, "an eviction is published as that alone"


def test_a_policy_can_evict_the_oldest(client, subject):
    first, second = [client.create(subject, policy="oldest") for _ in range(2)]
    client.call("session.refresh", {"refreshToken": first["tokens"]["refresh"]})
    third = client.create(subject, policy="oldest")
    assert third["evicted"] == [first["session"]["id"]]
    assert [is_valid(client, each) for each in (first, second, third)] == [False, True, True]


def test_a_policy_can_reject_sessions_over_the_limit(client, subject):
    kept = [client.create(subject, policy="reject") for _ in range(2)]
    reply = client.call("session.create", {"subject": subject, "policy": "reject"})
    assert (reply.status, reply.code) == ("rejected", "limit_reached")
    assert reply.body["error"]["retryable"] is False
    client.await_event(subject, "session.limit.reached")
    assert all(is_valid(client, each) for each in kept)
    client.call("session.revoke", {"sessionId": kept[0]["session"]["id"]})
    assert client.create(subject, policy="reject")["evicted"] == [], "there is room again"


def test_limits_count_by_policy(client, subject):
    ours = [client.create(subject, policy="least") for _ in range(2)]
    client.create(subject, policy="oldest")
    assert all(is_valid(client, each) for each in ours)


def test_a_limit_of_zero_means_no_limit(client, subject):
    sessions = [client.create(subject, policy="endless") for _ in range(12)]
    assert all(is_valid(client, each) for each in sessions)


def test_locked_sessions_count_and_pending_ones_count_separately(client, subject):
    first = client.create(subject, policy="reject")
    client.create(subject, policy="reject")
    client.do("session.lock", sessionId=first["session"]["id"])
    assert client.refused("session.create", subject=subject, policy="reject") == "limit_reached"
    pending = [client.create(subject, policy="always") for _ in range(3)]
    assert {each["session"]["status"] for each in pending} == {"pending"}
    assert [each["evicted"] for each in pending] == [[], [], [pending[0]["session"]["id"]]]


def test_the_password_alone_ends_no_session(client, subject):
    both = {"authentication": {"methods": ["pwd", "otp"]}, "policy": "always"}
    ours = [client.create(subject, **both) for _ in range(2)]
    for _ in range(3):
        theirs = client.create(subject, policy="always", authentication={"methods": ["pwd"]})
    assert all(is_valid(client, each) for each in ours)
    otp = {"token": theirs["tokens"]["session"], "authentication": {"methods": ["otp"]}}
    assert client.refused("session.elevate", **otp) == "limit_reached"
    client.do("session.revoke", sessionId=ours[0]["session"]["id"])
    assert client.do("session.elevate", **otp)["session"]["status"] == "active"


def test_limits_count_by_tenant(client, subject):
    kept = [client.create(subject, policy="reject") for _ in range(2)]
    client.create(subject, policy="reject", tenant="elsewhere")
    assert all(is_valid(client, each) for each in kept)
    assert client.refused("session.create", subject=subject, policy="reject") == "limit_reached"


def test_a_refused_session_leaves_nothing_behind(client, subject):
    for _ in range(2):
        client.create(subject, policy="reject")
    for _ in range(3):
        client.refused("session.create", subject=subject, policy="reject")
    assert len(client.do("session.list", subject=subject, includeEnded=True)["sessions"]) == 2
    kinds = client.final_kinds(subject)
    assert (kinds.count("session.created"), kinds.count("session.limit.reached")) == (2, 3)


# --- deadlines ---------------------------------------------------------------------------------------------------


def test_an_idle_session_expires_and_validating_without_touch_is_not_activity(client, subject):
    created = client.create(subject, policy="idle")

    def peek_until_expired():
        client.validate(created["tokens"]["session"], touch=False)
        return [each for each in client.events_of(subject) if each.body["type"] == "session.expired"]

    event = client.wait(peek_until_expired, "session.expired while only peeking")[0].body
    assert (event["data"]["sessionId"], event["data"]["reason"]) == (created["session"]["id"], "expired_idle")
    answer = client.validate(created["tokens"]["session"])
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "expired_idle", "reauthenticate")
    assert (answer["session"]["status"], answer["session"]["endReason"]) == ("expired", "expired_idle")
    reply = client.call("session.refresh", {"refreshToken": created["tokens"]["refresh"]})
    assert (reply.status, reply.code) == ("rejected", "reauthentication_required")
    assert client.call("session.revoke", {"subject": subject}).data["count"] == 0
    assert client.kinds(subject) == ["session.created", "session.expired"]


def test_after_the_window_an_idle_session_suggests_login(client, subject):
    created = client.create(subject, policy="windowless")
    client.await_event(subject, "session.expired")
    assert client.validate(created["tokens"]["session"])["remedy"] == "login"
    reply = client.call("session.refresh", {"refreshToken": created["tokens"]["refresh"]})
    assert reply.code == "session_ended"


def test_activity_extends_the_idle_deadline(client, subject):
    created = client.create(subject, policy="idle")
    other = client.create(f"{subject}-resting", policy="idle")
    moved = created["session"]["idleExpiresAt"]

    def touch_until_the_other_expired():
        nonlocal moved
        answer = client.validate(created["tokens"]["session"])
        assert answer["valid"] is True, answer
        moved = answer["session"]["idleExpiresAt"]
        return client.validate(other["tokens"]["session"], touch=False)["valid"] is False

    client.wait(touch_until_the_other_expired, "the session that rests to expire")
    assert moved > created["session"]["idleExpiresAt"]
    assert is_valid(client, created)


def test_activity_does_not_extend_the_absolute_deadline(client, subject):
    created = client.create(subject, policy="absolute")

    def touch_until_expired():
        client.validate(created["tokens"]["session"])
        return [each for each in client.events_of(subject) if each.body["type"] == "session.expired"]

    event = client.wait(touch_until_expired, "session.expired in spite of activity")[0].body
    assert event["data"]["reason"] == "expired_absolute"
    answer = client.validate(created["tokens"]["session"])
    assert (answer["valid"], answer["reason"], answer["remedy"]) == (False, "expired_absolute", "login")
    reply = client.call("session.refresh", {"refreshToken": created["tokens"]["refresh"]})
    assert reply.status == "rejected"
    assert client.kinds(subject) == ["session.created", "session.expired"]


def test_an_expired_session_frees_its_slot(client, subject):
    expiring = [client.create(subject, policy="reject", idleSeconds=1) for _ in range(2)]
    client.await_events(subject, "session.expired", "session.expired")
    assert not any(is_valid(client, each) for each in expiring)
    assert client.create(subject, policy="reject")["evicted"] == []
