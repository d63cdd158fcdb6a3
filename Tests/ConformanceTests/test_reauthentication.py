"""Authenticating again: in a session that goes on, and one that comes back."""

import uuid

import pytest

POLICIES = {
    "narrow": {"reauthenticationWindowSeconds": 1},
    "windowless": {"reauthenticationWindowSeconds": 0},
    "lone": {"maxSessions": 1, "onLimit": "reject"},
    "single": {"maxSessions": 1},
    "always": {"mfa": {"required": "always"}},
    "watchful": {"context": {"country": "revoke"}},
    "absolute": {"idleSeconds": 1, "absoluteSeconds": 1},
}
PASSWORD = {"methods": ["pwd"]}
BOTH = {"methods": ["pwd", "otp"]}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


def begin(client, created, **fields):
    return client.do("session.transfer.begin", token=created["tokens"]["session"], **fields)["ticket"]


def living(client, subject, **fields):
    return [each["id"] for each in client.do("session.list", subject=subject, **fields)["sessions"]]


def is_valid(client, data):
    return client.validate(data["tokens"]["session"], touch=False)["valid"]


# --- reauthenticate: a session that goes on ----------------------------------------------------------------------


def again(client, created, authentication=PASSWORD, **fields):
    return client.do(
        "session.reauthenticate", token=created["tokens"]["session"], authentication=authentication, **fields
    )


def refuse_again(client, created, **fields):
    token = created["tokens"]["session"]
    return client.refused("session.reauthenticate", **({"token": token, "authentication": PASSWORD} | fields))


@pytest.mark.parametrize("by", ["token", "refreshToken"])
def test_reauthentication_replaces_all_tokens_at_once(client, subject, by):
    created = client.create(subject)
    old = created["tokens"]
    token = {"token": old["session"], "refreshToken": old["refresh"]}[by]
    data = client.do("session.reauthenticate", authentication=PASSWORD, **{by: token})
    assert data["session"]["id"] == created["session"]["id"]
    assert data["session"]["generation"] == 2
    assert is_valid(client, data)
    client.do("session.refresh", refreshToken=data["tokens"]["refresh"])
    assert client.validate(old["session"])["reason"] == "unknown"
    assert client.refused("session.refresh", refreshToken=old["refresh"]) == "token_invalid"
    dead = {by: token, "authentication": PASSWORD}
    assert client.refused("session.reauthenticate", **dead) == "token_invalid"
    assert is_valid(client, data), "a token that was replaced is no sign of theft"
    assert client.final_kinds(subject) == ["session.created", "session.reauthenticated", "session.refreshed"]


def test_reauthentication_renews_the_authentication_time(client, subject):
    created = client.create(subject, authentication={"methods": ["pwd"], "at": "2020-01-01T00:00:00.000Z"})
    need = {"maxAuthenticationAgeSeconds": 600}
    answer = client.validate(created["tokens"]["session"], require=need)
    assert (answer["reason"], answer["remedy"]) == ("authentication_too_old", "reauthenticate")
    data = again(client, created, {"methods": ["pin"]})
    assert data["session"]["methods"] == ["pin"]
    assert client.validate(data["tokens"]["session"], require=need)["valid"] is True


def test_reauthentication_can_raise_the_level(client, subject):
    data = again(client, client.create(subject, authentication=PASSWORD), BOTH)
    assert data["session"]["level"] == 2
    assert client.await_event(subject, "session.reauthenticated").body["data"]["level"] == 2


def test_an_authentication_from_the_future_is_refused(client, subject):
    created = client.create(subject)
    reply = client.call(
        "session.reauthenticate",
        {
            "token": created["tokens"]["session"],
            "authentication": {"methods": ["pwd"], "at": "2999-01-01T00:00:00.000Z"},
        },
    )
    assert (reply.code, reply.path) == ("invalid_field", "/authentication/at")
    assert is_valid(client, created)


def test_reauthentication_with_less_lowers_the_level_but_keeps_the_session_active(client, subject):
    data = again(client, client.create(subject, policy="always", authentication=BOTH), PASSWORD)
    assert (data["session"]["level"], data["session"]["status"]) == (1, "active")
    assert client.validate(data["tokens"]["session"], require={"level": 2})["reason"] == "level_too_low"


def test_context_rules_apply_to_a_reauthentication(client, subject):
    created = client.create(subject, policy="watchful", context={"country": "DE"})
    assert refuse_again(client, created, context={"country": "FR"}) == "session_ended"
    assert client.validate(created["tokens"]["session"])["reason"] == "revoked"


@pytest.mark.parametrize(
    ("command", "code"),
    [("session.lock", "session_locked"), ("session.revoke", "session_ended"), ("subject.disable", "subject_disabled")],
)
def test_reauthentication_only_undoes_idle_expiry(client, subject, command, code):
    created = client.create(subject)
    client.do(command, subject=subject)
    told = refuse_again(client, created)
    assert told == code or (command == "subject.disable" and told == "session_ended")
    assert not is_valid(client, created)


# --- reauthenticate: a session that comes back -------------------------------------------------------------------


@pytest.fixture(scope="module")
def all_rested(client, request):
    """For each test marked `rests`, a session that has idled out, all of them in parallel. The mark's arguments vary
    the session; `parent=True`: it is a child of a parent that lives on."""
    items = [item for item in request.session.items if item.module is request.module]
    marks = {item.name: item.get_closest_marker("rests") for item in items}
    sessions = {}
    for name, mark in marks.items():
        if mark is not None:
            fields = {"idleSeconds": 2} | mark.kwargs
            subject = f"{name[:60]}-{uuid.uuid4().hex[:6]}"
            if fields.pop("parent", False):
                fields["parentId"] = client.create(subject)["session"]["id"]
            sessions[name] = client.create(subject, **fields)
    for each in sessions.values():
        client.await_event(each["session"]["subject"], "session.expired")
    return sessions


@pytest.fixture
def rested(all_rested, request):
    """The session of a test marked `rests`."""
    return all_rested[request.node.name]


@pytest.fixture
def subject(subject, request):
    """The subject of an idle session, if there is one."""
    if request.node.get_closest_marker("rests"):
        return request.getfixturevalue("rested")["session"]["subject"]
    return subject


@pytest.mark.rests
def test_an_idle_session_suggests_reauthentication(client, rested):
    answer = client.validate(rested["tokens"]["session"])
    assert (answer["reason"], answer["remedy"]) == ("expired_idle", "reauthenticate")
    token = rested["tokens"]["session"]
    assert client.refused("session.refresh", refreshToken=rested["tokens"]["refresh"]) == "reauthentication_required"
    assert client.refused("session.elevate", token=token, authentication=BOTH) == "reauthentication_required"
    assert client.refused("session.transfer.begin", token=token) == "reauthentication_required"
    assert client.refused("session.update", token=token, attributes={"a": 1}) == "reauthentication_required"


@pytest.mark.parametrize("by", ["token", "refreshToken"])
@pytest.mark.rests(
    attributes={"cart": [1, 2]}, actor="support-7", device={"name": "Phone"}, context={"country": "DE"}
)
def test_an_idle_session_is_resumed_with_its_full_state(client, rested, subject, by):
    token = {"token": rested["tokens"]["session"], "refreshToken": rested["tokens"]["refresh"]}[by]
    data = client.do("session.reauthenticate", authentication=PASSWORD, **{by: token})
    carried = ["id", "attributes", "actor", "device", "context", "expiresAt", "createdAt", "policy"]
    assert {key: data["session"][key] for key in carried} == {key: rested["session"][key] for key in carried}
    assert not {"endedAt", "endReason"} & set(data["session"])
    assert {"session", "refresh", "access"} <= set(data["tokens"])
    assert client.validate(rested["tokens"]["session"])["reason"] == "unknown", "the old token stays dead"


@pytest.mark.rests
def test_a_resumed_session_can_be_used_and_expires_again(client, rested, subject):
    data = again(client, rested)
    client.await_events(subject, "session.expired", "session.reauthenticated", "session.expired")
    assert client.validate(data["tokens"]["session"])["reason"] == "expired_idle"
    data = again(client, data)
    client.do("session.refresh", refreshToken=data["tokens"]["refresh"])
    back = ["session.expired", "session.reauthenticated"]
    assert client.final_kinds(subject)[:5] == ["session.created", *back, *back]


def test_an_elevation_survives_resumption(client, subject):
    created = client.create(subject, idleSeconds=2, authentication=PASSWORD)
    data = client.do("session.elevate", token=created["tokens"]["session"], authentication={"methods": ["otp"]})
    client.await_event(subject, "session.expired")
    assert again(client, data)["session"]["level"] == 2


@pytest.mark.rests(policy="always", authentication=BOTH)
def test_a_session_resumed_below_the_policys_level_is_pending(client, rested):
    data = again(client, rested, PASSWORD)
    assert (data["session"]["level"], data["session"]["status"], set(data["tokens"])) == (1, "pending", {"session"})
    assert client.validate(data["tokens"]["session"])["reason"] == "pending"
    data = client.do("session.elevate", token=data["tokens"]["session"], authentication={"methods": ["otp"]})
    assert (data["session"]["level"], data["session"]["status"]) == (2, "active")


@pytest.mark.rests(policy="always", authentication=BOTH)
def test_a_session_resumed_at_the_policys_level_is_active(client, rested):
    assert again(client, rested, BOTH)["session"]["status"] == "active"


@pytest.mark.rests(policy="watchful", context={"country": "DE"})
def test_a_session_is_not_resumed_with_a_forbidden_context(client, rested):
    assert refuse_again(client, rested, context={"country": "FR"}) == "context_rejected"
    assert client.validate(rested["tokens"]["session"])["reason"] == "expired_idle", "it stays over"
    assert is_valid(client, again(client, rested, context={"country": "DE"}))


@pytest.mark.rests(policy="narrow")
def test_a_session_cannot_be_resumed_after_the_window(client, rested):
    client.wait(
        lambda: client.validate(rested["tokens"]["session"])["remedy"] == "login", "the window to close"
    )
    assert refuse_again(client, rested) == "session_ended"
    assert client.refused("session.refresh", refreshToken=rested["tokens"]["refresh"]) == "session_ended"


@pytest.mark.rests(absoluteSeconds=3)
def test_the_window_closes_at_the_absolute_deadline(client, rested):
    client.wait(
        lambda: client.validate(rested["tokens"]["session"])["remedy"] == "login", "the absolute deadline to pass"
    )
    assert refuse_again(client, rested) == "session_ended"


@pytest.mark.rests(policy="windowless")
def test_a_session_cannot_be_resumed_without_a_window(client, rested):
    assert client.validate(rested["tokens"]["session"])["remedy"] == "login"
    assert refuse_again(client, rested) == "session_ended"


@pytest.mark.rests(policy="absolute", idleSeconds=1)
def test_a_session_cannot_be_resumed_after_its_absolute_deadline(client, rested):
    assert client.validate(rested["tokens"]["session"])["remedy"] == "login"
    assert refuse_again(client, rested) == "session_ended"


@pytest.mark.rests(policy="lone")
def test_a_session_is_not_resumed_beyond_the_limit(client, rested, subject):
    other = client.create(subject, policy="lone")
    assert refuse_again(client, rested) == "limit_reached"
    client.await_event(subject, "session.limit.reached")
    assert is_valid(client, other)
    client.do("session.revoke", sessionId=other["session"]["id"])
    assert is_valid(client, again(client, rested)), "there is room now, and the window is open"


@pytest.mark.rests(policy="single")
def test_a_resumed_session_evicts_another_if_the_policy_says_so(client, rested, subject):
    other = client.create(subject, policy="single")
    data = again(client, rested)
    event = client.await_event(subject, "session.evicted").body["data"]
    assert event["sessionId"] == other["session"]["id"]
    assert living(client, subject) == [data["session"]["id"]]


@pytest.mark.rests(parent=True)
def test_a_child_is_resumed_under_its_parent(client, rested):
    data = again(client, rested)
    assert data["session"]["parentId"] == rested["session"]["parentId"]
    client.do("session.revoke", sessionId=rested["session"]["parentId"])
    assert not is_valid(client, data)


@pytest.mark.rests(parent=True)
def test_a_child_is_not_resumed_without_its_parent(client, rested):
    client.do("session.revoke", sessionId=rested["session"]["parentId"])
    assert refuse_again(client, rested) == "parent_not_active"


def test_a_child_that_ended_with_its_parent_is_not_resumed(client, subject):
    parent = client.create(subject, idleSeconds=2)
    child = client.create(subject, parentId=parent["session"]["id"])
    client.await_events(subject, "session.expired", "session.expired")
    assert again(client, parent)["session"]["status"] == "active"
    assert refuse_again(client, child) == "session_ended"


@pytest.mark.rests
def test_a_disabled_subjects_session_is_not_resumed(client, rested, subject):
    client.do("subject.disable", subject=subject)
    assert refuse_again(client, rested) == "subject_disabled"
    client.do("subject.enable", subject=subject)
    assert refuse_again(client, rested) == "session_ended", "disabling ends everything, and for good"


@pytest.mark.rests
def test_a_session_revoked_after_it_idled_out_is_not_resumed(client, rested, subject):
    assert client.do("session.revoke", subject=subject)["count"] == 0, "it had ended by itself"
    assert refuse_again(client, rested) == "session_ended"
