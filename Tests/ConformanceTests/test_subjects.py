"""Subjects: disabling and enabling, lists, activity, and logging out everywhere else."""

import pytest

pytestmark = pytest.mark.core

DEVICE = {"name": "Firefox on Debian", "platform": "linux"}
PLACE = {"country": "DE", "city": "Jena"}
PASSWORD = {"methods": ["pwd"]}


def name(created):
    return created["session"]["id"]


def reason(client, created):
    return client.validate(created["tokens"]["session"]).get("reason", "valid")


# --- disable and enable ------------------------------------------------------------------------------------------


def test_disabling_ends_every_session_and_prevents_new_ones(client, subject):
    sessions = [client.create(subject) for _ in range(3)]
    client.do("session.lock", sessionId=name(sessions[1]))
    data = client.do("subject.disable", subject=subject, reason="left_the_company")
    assert sorted(data["revoked"]) == sorted(name(each) for each in sessions)
    assert [reason(client, each) for each in sessions] == ["revoked"] * 3
    assert client.do("session.get", sessionId=name(sessions[0]))["session"]["endReason"] == "subject_disabled"
    assert client.refused("session.create", subject=subject) == "subject_disabled"
    client.await_events(subject, "subject.disabled", *["session.revoked"] * 3)
    events = [each.body for each in client.events_of(subject)]
    told = [each["data"] for each in events if each["type"] == "subject.disabled"]
    assert [each["reason"] for each in told] == ["left_the_company"]
    assert {each["data"]["reason"] for each in events if each["type"] == "session.revoked"} == {"subject_disabled"}


def test_no_session_of_a_disabled_subject_is_usable(client, subject):
    created = client.create(subject)
    token, over = created["tokens"]["session"], ("session_ended", "subject_disabled")
    client.do("subject.disable", subject=subject)
    assert client.refused("session.refresh", refreshToken=created["tokens"]["refresh"]) in over
    assert client.refused("session.elevate", token=token, authentication={"methods": ["otp"]}) in over
    assert client.refused("session.reauthenticate", token=token, authentication=PASSWORD) in over
    assert client.refused("session.transfer.begin", token=token) in over
    assert client.refused("session.update", token=token, attributes={"a": 1}) in over


def test_an_enabled_subject_can_begin_sessions_again(client, subject):
    created = client.create(subject)
    client.do("subject.disable", subject=subject)
    assert client.do("subject.enable", subject=subject, reason="back_again") == {"revoked": []}
    assert reason(client, created) == "revoked", "what has ended stays ended"
    assert reason(client, client.create(subject)) == "valid"
    event = client.await_event(subject, "subject.enabled").body
    assert (event["subject"], event["data"]["reason"]) == (subject, "back_again")
    assert "sessionId" not in event["data"]


def test_disabling_or_enabling_twice_succeeds_and_publishes_nothing(client, subject):
    for _ in range(2):
        assert client.do("subject.enable", subject=subject) == {"revoked": []}
    for _ in range(2):
        assert client.do("subject.disable", subject=subject) == {"revoked": []}
    client.do("subject.enable", subject=subject)
    assert client.final_kinds(subject) == ["subject.disabled", "subject.enabled"]


def test_without_a_reason_the_events_have_a_default_reason(client, subject):
    client.do("subject.disable", subject=subject)
    client.do("subject.enable", subject=subject)
    assert client.await_event(subject, "subject.disabled").body["data"]["reason"] == "disabled"
    assert client.await_event(subject, "subject.enabled").body["data"]["reason"] == "enabled"


def test_a_subject_can_be_disabled_before_it_is_known(client, subject):
    client.do("subject.disable", subject=subject)
    assert client.refused("session.create", subject=subject) == "subject_disabled"
    assert client.do("session.list", subject=subject, includeEnded=True)["sessions"] == []


def test_a_subject_is_disabled_in_one_tenant(client, subject):
    elsewhere = client.create(subject, tenant="elsewhere")
    client.do("subject.disable", subject=subject)
    assert client.validate(elsewhere["tokens"]["session"], tenant="elsewhere")["valid"] is True
    client.create(subject, tenant="elsewhere")


# --- list and get ------------------------------------------------------------------------------------------------


def test_a_list_shows_the_living_oldest_first_and_the_ended_on_request(client, subject):
    sessions = [client.create(subject, device={"name": f"device {number}"}) for number in range(3)]
    client.do("session.revoke", sessionId=name(sessions[1]), reason="logout")
    listed = client.do("session.list", subject=subject)["sessions"]
    assert [each["id"] for each in listed] == [name(sessions[0]), name(sessions[2])]
    assert listed[0]["device"] == {"name": "device 0"}
    listed = client.do("session.list", subject=subject, includeEnded=True)["sessions"]
    assert [each["id"] for each in listed] == [name(each) for each in sessions]
    assert (listed[1]["status"], listed[1]["endReason"]) == ("revoked", "logout")


def test_a_list_has_no_tokens(client, subject):
    created = client.create(subject)
    reply = client.call("session.list", {"subject": subject})
    tokens = [created["tokens"][kind] for kind in ("session", "refresh", "access")]
    assert not [token for token in tokens if token.encode() in reply.raw]


def test_an_unknown_subject_has_no_sessions(client, subject):
    assert client.do("session.list", subject=subject)["sessions"] == []


def test_a_list_is_of_one_tenant(client, subject):
    ours = client.create(subject, tenant="ours")
    client.create(subject, tenant="theirs")
    listed = client.do("session.list", subject=subject, tenant="ours")["sessions"]
    assert [each["id"] for each in listed] == [name(ours)]


@pytest.mark.parametrize("by", ["token", "sessionId"])
def test_get_returns_a_session_of_any_status(client, subject, by):
    created = client.create(subject, attributes={"a": 1}, device=DEVICE, context=PLACE)
    target = {by: created["tokens"]["session"] if by == "token" else name(created)}
    assert client.do("session.get", **target)["session"] == created["session"]
    client.do("session.lock", sessionId=name(created))
    assert client.do("session.get", **target)["session"]["status"] == "locked"
    client.do("session.revoke", sessionId=name(created))
    assert client.do("session.get", **target)["session"]["status"] == "revoked"


def test_get_of_an_unknown_session_is_not_found(client, subject):
    created = client.create(subject, tenant="ours")
    assert client.refused("session.get", sessionId="ses_nowhere") == "session_not_found"
    assert client.refused("session.get", sessionId=name(created)) == "session_not_found"
    assert client.refused("session.get", token="nonsense") == "token_invalid"
    assert client.refused("session.get", token=created["tokens"]["session"]) == "token_invalid"
    assert client.refused("session.get", token=created["tokens"]["refresh"], tenant="ours") == "token_invalid"


def test_reading_is_not_activity(client, subject):
    created = client.create(subject, idleSeconds=2)

    def expired():
        client.do("session.get", token=created["tokens"]["session"])
        client.do("session.list", subject=subject)
        client.do("session.activity", sessionId=name(created))
        return "session.expired" in client.kinds(subject)

    client.wait(expired, "the session to expire while it is looked at")


# --- activity ----------------------------------------------------------------------------------------------------


def entries(client, created, **fields):
    return client.do("session.activity", sessionId=name(created), **fields)["entries"]


def test_activity_lists_what_happened_newest_first(client, subject):
    created = client.create(subject, authentication=PASSWORD)
    client.do("session.refresh", refreshToken=created["tokens"]["refresh"])
    client.do("session.update", sessionId=name(created), attributes={"a": 1})
    client.do("session.elevate", token=created["tokens"]["session"], authentication={"methods": ["otp"]})
    client.do("session.lock", sessionId=name(created), reason="fraud_alert")
    client.do("session.unlock", sessionId=name(created))
    client.do("session.revoke", sessionId=name(created), reason="logout")
    told = entries(client, created)
    happened = ["created", "refreshed", "updated", "elevated", "locked", "unlocked", "revoked"]
    assert [each["action"] for each in told] == [f"session.{each}" for each in reversed(happened)]
    assert [each["at"] for each in told] == sorted((each["at"] for each in told), reverse=True)
    detail = {each["action"]: each["detail"] for each in told}
    assert detail["session.locked"]["reason"] == "fraud_alert"
    assert detail["session.revoked"]["reason"] == "logout"
    assert detail["session.elevated"]["level"] == 2
    assert client.final_kinds(subject) == [f"session.{each}" for each in happened], "as the events say"


def test_activity_states_where_it_happened(client, subject):
    created = client.create(subject, device=DEVICE, context=PLACE)
    client.do("session.refresh", refreshToken=created["tokens"]["refresh"], context={"country": "FR", "city": "Lyon"})
    refreshed, began = entries(client, created)
    assert (began["detail"]["device"], began["detail"]["context"]) == (DEVICE, PLACE)
    assert refreshed["detail"]["context"]["city"] == "Lyon"


def test_activity_has_the_requested_length_fifty_by_default(client, subject):
    created = client.create(subject)
    for number in range(60):
        client.publish("session.update", {"sessionId": name(created), "attributes": {"number": number}})
    client.await_events(subject, *["session.updated"] * 60)
    assert len(entries(client, created)) == 50
    assert len(entries(client, created, limit=200)) == 61
    assert entries(client, created, limit=3) == entries(client, created)[:3]
    assert entries(client, created, limit=200)[-1]["action"] == "session.created"


def test_at_most_two_hundred_entries_are_stored(client, subject):
    created = client.create(subject)
    for number in range(220):
        client.publish("session.update", {"sessionId": name(created), "attributes": {"number": number}})
    client.await_events(subject, *["session.updated"] * 220)
    assert len(entries(client, created, limit=200)) == 200


@pytest.mark.parametrize("limit", [0, 201, -1, "10", 1.5])
def test_a_limit_is_from_1_to_200(client, subject, limit):
    reply = client.attempt("session.activity", {"sessionId": "ses_x", "limit": limit})
    assert (reply.code, reply.path) == ("invalid_field", "/limit")


def test_each_session_has_its_own_activity(client, subject):
    first, second = [client.create(subject) for _ in range(2)]
    client.do("session.refresh", refreshToken=first["tokens"]["refresh"])
    assert [len(entries(client, each)) for each in (first, second)] == [2, 1]


def test_activity_of_an_unknown_session_is_not_found(client, subject):
    created = client.create(subject, tenant="ours")
    assert client.refused("session.activity", sessionId="ses_nowhere") == "session_not_found"
    assert client.refused("session.activity", sessionId=name(created)) == "session_not_found"
    assert len(entries(client, created, tenant="ours")) == 1


# --- logging out everywhere else ---------------------------------------------------------------------------------


def test_an_exception_that_is_not_a_living_session_spares_nothing(client, subject):
    sessions = [client.create(subject) for _ in range(2)]
    assert client.do("session.revoke", subject=subject, **{"except": "ses_nowhere"})["count"] == 2
    assert [reason(client, each) for each in sessions] == ["revoked"] * 2


def test_an_exception_with_an_invalid_token_revokes_nothing(client, subject):
    sessions = [client.create(subject) for _ in range(2)]
    stranger = client.create(f"{subject}-other")
    replaced = sessions[0]["tokens"]["session"]
    client.do("session.elevate", token=replaced, authentication={"methods": ["otp"]})
    for bad in ("nonsense", replaced[:-1], replaced, sessions[1]["tokens"]["refresh"], stranger["tokens"]["session"]):
        assert client.refused("session.revoke", subject=subject, **{"except": bad}) == "token_invalid"
    assert reason(client, sessions[1]) == "valid"
    assert client.do("session.list", subject=subject)["sessions"][0]["status"] == "active"
    assert reason(client, stranger) == "valid"
