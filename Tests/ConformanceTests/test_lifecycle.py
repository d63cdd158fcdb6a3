"""Refresh, revoke, lock and unlock, and duplicate messages."""

import uuid

import pytest

from client import DIRECT

pytestmark = pytest.mark.core


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    policies = {
        "graceless": {"refreshGraceSeconds": 0},
        "brief": {"refreshSeconds": 1},
        "always": {"mfa": {"required": "always"}},
    }
    return start_worker(policy_file=policy_file(policies)).await_ready()


def refresh(client, token, **properties):
    return client.call("session.refresh", {"refreshToken": token}, **properties)


def revoke(client, **fields):
    return client.call("session.revoke", fields).data


# --- refresh -----------------------------------------------------------------------------------------------------


def test_refresh_rotates_the_refresh_token_and_keeps_the_session_token(client, subject):
    created = client.create(subject)
    data = refresh(client, created["tokens"]["refresh"]).data
    assert data["tokens"]["refresh"].startswith("sjr_")
    assert data["tokens"]["refresh"] != created["tokens"]["refresh"]
    assert "session" not in data["tokens"]
    assert data["session"]["id"] == created["session"]["id"]
    assert data["session"]["generation"] == 2
    assert data["session"]["lastActiveAt"] >= created["session"]["lastActiveAt"]
    assert client.validate(created["tokens"]["session"])["valid"] is True
    third = refresh(client, data["tokens"]["refresh"]).data
    assert third["session"]["generation"] == 3


def test_the_predecessor_within_its_grace_period_gets_the_same_successor(client, subject):
    first = client.create(subject)["tokens"]["refresh"]
    second = refresh(client, first).data["tokens"]["refresh"]
    again = refresh(client, first).data
    assert again["tokens"]["refresh"] == second
    assert again["session"]["generation"] == 2
    assert refresh(client, second).data["session"]["generation"] == 3, "the successor is as good as ever"
    client.await_events(subject, "session.created", "session.refreshed", "session.refreshed")
    assert client.kinds(subject) == ["session.created", "session.refreshed", "session.refreshed"]


def test_a_refresh_within_the_grace_period_is_activity(client, subject):
    created, clock = client.create(subject, idleSeconds=2), f"{subject}-clock"
    refresh(client, created["tokens"]["refresh"])
    client.create(clock, idleSeconds=2)

    def over():
        assert refresh(client, created["tokens"]["refresh"]).data["session"]["generation"] == 2
        return "session.expired" in client.kinds(clock)

    client.wait(over, "a session that rests to expire")
    assert client.validate(created["tokens"]["session"])["valid"] is True


def expect_reuse(client, subject, created, token, policy_events):
    reply = refresh(client, token)
    assert (reply.status, reply.code) == ("rejected", "refresh_token_reused")
    answer = client.validate(created["tokens"]["session"])
    assert (answer["valid"], answer["reason"]) == (False, "revoked")
    assert (answer["session"]["status"], answer["session"]["endReason"]) == ("revoked", "token_reused")
    client.await_events(subject, "session.token.reused", "session.revoked")
    assert client.kinds(subject) == policy_events + ["session.token.reused", "session.revoked"]
    assert client.await_event(subject, "session.revoked").body["data"]["reason"] == "token_reused"
    # The session has ended: another attempt raises no new alarm.
    assert refresh(client, token).status == "rejected"
    assert client.kinds(subject).count("session.revoked") == 1


def test_an_older_token_than_the_predecessor_is_reuse_and_revokes(client, subject):
    created = client.create(subject)
    first = created["tokens"]["refresh"]
    second = refresh(client, first).data["tokens"]["refresh"]
    refresh(client, second)
    expect_reuse(client, subject, created, first, ["session.created", "session.refreshed", "session.refreshed"])


def test_without_a_grace_period_the_predecessor_is_reuse_and_revokes(client, subject):
    created = client.create(subject, policy="graceless")
    first = created["tokens"]["refresh"]
    second = refresh(client, first).data["tokens"]["refresh"]
    expect_reuse(client, subject, created, first, ["session.created", "session.refreshed"])
    assert refresh(client, second).code == "session_ended"


def test_reuse_is_detected_while_the_session_is_locked(client, subject):
    created = client.create(subject, policy="graceless")
    token = created["tokens"]["refresh"]
    refresh(client, token)
    lock(client, subject=subject)
    expect_reuse(client, subject, created, token, ["session.created", "session.refreshed", "session.locked"])


def test_an_expired_refresh_token_is_distinguished_from_an_expired_session(client, subject):
    created = client.create(subject, policy="brief")
    token = created["tokens"]["refresh"]
    other = client.create(f"{subject}-clock", idleSeconds=2)
    client.await_event(f"{subject}-clock", "session.expired")
    assert refresh(client, token).code == "token_expired"
    assert client.validate(created["tokens"]["session"])["valid"] is True, "that is no sign of theft"
    assert refresh(client, other["tokens"]["refresh"]).code == "reauthentication_required"


# --- revoke ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["token", "sessionId", "subject"])
def test_revoke_ends_the_session_and_repeating_it_counts_zero(client, subject, by):
    created = client.create(subject)
    session = created["session"]["id"]
    target = {"token": created["tokens"]["session"], "sessionId": session, "subject": subject}[by]
    assert revoke(client, **{by: target}) == {"revoked": [session], "count": 1}
    answer = client.validate(created["tokens"]["session"])
    assert (answer["valid"], answer["reason"]) == (False, "revoked")
    assert (answer["session"]["status"], answer["session"]["endReason"]) == ("revoked", "revoked")
    assert refresh(client, created["tokens"]["refresh"]).code == "session_ended"
    assert revoke(client, **{by: target}) == {"revoked": [], "count": 0}
    client.await_events(subject, "session.created", "session.revoked")
    assert client.kinds(subject) == ["session.created", "session.revoked"]


def test_the_reason_of_a_revocation_is_stored_and_published(client, subject):
    created = client.create(subject)
    revoke(client, token=created["tokens"]["session"], reason="password_changed")
    assert client.validate(created["tokens"]["session"])["session"]["endReason"] == "password_changed"
    assert client.await_event(subject, "session.revoked").body["data"]["reason"] == "password_changed"


@pytest.mark.parametrize("reason", ["evicted", "token_reused", "Logout", "", "a" * 65, "two words"])
def test_an_invalid_or_reserved_reason_is_refused(client, subject, reason):
    reply = client.attempt("session.revoke", {"subject": subject, "reason": reason})
    assert (reply.code, reply.path) == ("invalid_field", "/reason")


@pytest.mark.parametrize("spared_by", ["token", "id"])
def test_revoking_a_subject_spares_the_exception(client, subject, spared_by):
    sessions = [client.create(subject) for _ in range(3)]
    kept = sessions[1]
    exception = kept["tokens"]["session"] if spared_by == "token" else kept["session"]["id"]
    data = revoke(client, subject=subject, **{"except": exception})
    assert sorted(data["revoked"]) == sorted(each["session"]["id"] for each in sessions if each is not kept)
    assert data["count"] == 2
    assert [client.validate(each["tokens"]["session"])["valid"] for each in sessions] == [False, True, False]
    client.await_events(subject, "session.revoked", "session.revoked")


def test_revoking_something_unknown_counts_zero(client, subject):
    assert revoke(client, subject=subject)["count"] == 0
    known = client.create(subject)["session"]["id"]
    assert revoke(client, sessionId=known[:-1] + ("A" if known[-1] != "A" else "B"))["count"] == 0


@pytest.mark.parametrize(
    "fields", [{}, {"sessionId": "ses_x", "subject": "x"}, {"sessionId": "ses_x", "except": "ses_y"}]
)
def test_a_revocation_has_exactly_one_target(client, fields):
    assert client.attempt("session.revoke", fields).code == "invalid_field"


# --- lock and unlock ---------------------------------------------------------------------------------------------


def name(created):
    return created["session"]["id"]


def lock(client, **fields):
    return client.do("session.lock", **fields)["sessions"]


def unlock(client, **fields):
    return client.do("session.unlock", **fields)["sessions"]


@pytest.mark.parametrize("by", ["sessionId", "subject"])
def test_a_locked_session_is_unusable_until_it_is_unlocked(client, subject, by):
    created = client.create(subject)
    target = {by: name(created) if by == "sessionId" else subject}
    assert lock(client, **target) == [name(created)]
    answer = client.validate(created["tokens"]["session"])
    assert (answer["valid"], answer["reason"]) == (False, "locked")
    assert "remedy" not in answer, "there is nothing the user can do"
    assert refresh(client, created["tokens"]["refresh"]).code == "session_locked"
    assert client.do("session.get", sessionId=name(created))["session"]["status"] == "locked"
    assert unlock(client, **target) == [name(created)]
    assert client.validate(created["tokens"]["session"])["valid"] is True
    assert refresh(client, created["tokens"]["refresh"]).data["session"]["generation"] == 2
    assert client.final_kinds(subject) == [
        "session.created", "session.locked", "session.unlocked", "session.refreshed"
    ]  # fmt: skip


def test_the_reason_of_a_lock_is_published(client, subject):
    session = name(client.create(subject))
    lock(client, sessionId=session, reason="fraud_alert")
    unlock(client, sessionId=session, reason="all_clear")
    assert client.await_event(subject, "session.locked").body["data"]["reason"] == "fraud_alert"
    assert client.await_event(subject, "session.unlocked").body["data"]["reason"] == "all_clear"


def test_without_a_reason_a_lock_has_a_default_reason(client, subject):
    session = name(client.create(subject))
    lock(client, sessionId=session)
    unlock(client, sessionId=session)
    assert client.await_event(subject, "session.locked").body["data"]["reason"] == "locked"
    assert client.await_event(subject, "session.unlocked").body["data"]["reason"] == "unlocked"


def test_sessions_locked_or_unlocked_already_are_not_listed(client, subject):
    first, second = [name(client.create(subject)) for _ in range(2)]
    assert unlock(client, subject=subject) == [] and unlock(client, sessionId=first) == []
    lock(client, sessionId=first)
    assert lock(client, sessionId=first) == []
    assert lock(client, subject=subject) == [second]
    assert sorted(unlock(client, subject=subject)) == sorted([first, second])
    assert client.final_kinds(subject).count("session.locked") == 2


@pytest.mark.parametrize("command", ["session.lock", "session.unlock"])
def test_ended_sessions_are_not_locked_and_not_an_error(client, subject, command):
    session = name(client.create(subject))
    revoke(client, sessionId=session)
    assert client.do(command, sessionId=session)["sessions"] == []
    assert client.do(command, subject=subject)["sessions"] == []


@pytest.mark.parametrize("command", ["session.lock", "session.unlock"])
def test_an_unknown_session_is_not_found(client, subject, command):
    session = name(client.create(subject, tenant="ours"))
    assert client.refused(command, sessionId="ses_nowhere") == "session_not_found"
    assert client.refused(command, sessionId=session) == "session_not_found"
    assert client.do(command, subject=f"{subject}-nobody")["sessions"] == []


@pytest.mark.parametrize("command", ["session.lock", "session.unlock", "subject.disable", "subject.enable"])
@pytest.mark.parametrize("reason", ["context", "Fraud", ""])
def test_an_invalid_or_reserved_reason_of_a_lock_is_refused(client, subject, command, reason):
    reply = client.attempt(command, {"subject": subject, "reason": reason})
    assert (reply.code, reply.path) == ("invalid_field", "/reason")


def test_a_locked_session_can_be_revoked(client, subject):
    created = client.create(subject)
    lock(client, subject=subject)
    assert revoke(client, sessionId=name(created))["count"] == 1
    assert client.validate(created["tokens"]["session"])["reason"] == "revoked"
    assert unlock(client, subject=subject) == []


def test_a_pending_session_is_pending_again_once_it_is_unlocked(client, subject):
    created = client.create(subject, policy="always")
    token = created["tokens"]["session"]
    assert lock(client, subject=subject) == [name(created)]
    assert client.validate(token)["reason"] == "locked"
    elevation = {"token": token, "authentication": {"methods": ["pwd", "otp"]}}
    assert client.refused("session.elevate", **elevation) == "session_locked"
    unlock(client, subject=subject)
    assert client.validate(token)["reason"] == "pending"
    assert client.do("session.elevate", **elevation)["session"]["status"] == "active"


def test_a_lock_is_not_activity_and_does_not_stop_the_deadline(client, subject):
    created = client.create(subject, idleSeconds=1)
    lock(client, subject=subject)
    assert client.await_event(subject, "session.expired").body["data"]["reason"] == "expired_idle"
    assert client.validate(created["tokens"]["session"])["reason"] == "expired_idle"


# --- the same message again --------------------------------------------------------------------------------------


def test_the_same_message_id_gives_the_same_result_and_one_effect(client, subject):
    body, message_id = {"subject": subject}, str(uuid.uuid4())
    first, again = [client.call("session.create", body, message_id=message_id) for _ in range(2)]
    direct = client.call("session.create", body, message_id=message_id, reply_to=DIRECT)
    assert again.body == first.body and direct.body == first.body, "the first result, tokens included"
    assert client.validate(first.data["tokens"]["session"])["valid"] is True
    # A later event of the same subject has the next number, so nothing was published in between.
    revoke(client, subject=subject)
    assert client.await_event(subject, "session.revoked").body["sequence"] == "2"
    assert client.kinds(subject) == ["session.created", "session.revoked"]


def test_the_same_message_at_once_many_times_has_one_effect(client, subject):
    message_id = str(uuid.uuid4())
    waiting = [client.publish("session.create", {"subject": subject}, message_id=message_id) for _ in range(20)]
    replies = [client.await_reply(each) for each in waiting]
    assert all(each.body == replies[0].body for each in replies)
    assert revoke(client, subject=subject)["count"] == 1


def test_a_duplicate_refresh_rotates_once(client, subject):
    token = client.create(subject, policy="graceless")["tokens"]["refresh"]
    first, again = [refresh(client, token, message_id=f"r-{subject}") for _ in range(2)]
    assert again.body == first.body and first.data["session"]["generation"] == 2


def test_a_rejection_is_stored_for_duplicates(client, subject):
    body = {"subject": subject, "policy": "nowhere"}
    first, again = [client.call("session.create", body, message_id=f"n-{subject}") for _ in range(2)]
    assert first.code == "policy_not_found" and again.body == first.body


def test_the_same_message_id_with_another_command_is_refused(client, subject):
    message_id = str(uuid.uuid4())
    created = client.call("session.create", {"subject": subject}, message_id=message_id).data
    others = [
        ("session.create", {"subject": subject, "attributes": {"other": True}}),
        ("session.create", {"subject": f"{subject}-other"}),
        ("session.revoke", {"sessionId": created["session"]["id"]}),
        ("session.revoke", {"subject": f"{subject}-other"}),
    ]
    for command, body in others:
        reply = client.call(command, body, message_id=message_id)
        assert (reply.status, reply.code) == ("rejected", "message_id_reused"), (command, body)
    assert client.validate(created["tokens"]["session"])["valid"] is True


def test_callers_do_not_share_message_ids(client, subject):
    message_id = str(uuid.uuid4())
    unnamed = client.call("session.create", {"subject": subject}, message_id=message_id)
    named = client.call("session.create", {"subject": subject}, message_id=message_id, user_id=client.user)
    again = client.call("session.create", {"subject": subject}, message_id=message_id, user_id=client.user)
    assert named.data["session"]["id"] != unnamed.data["session"]["id"]
    assert again.body == named.body
    assert revoke(client, subject=subject)["count"] == 2
