"""Moving a session to another device, and reviving one."""

import uuid

import pytest

POLICIES = {
    "brief": {"transferSeconds": 2},
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


@pytest.fixture(scope="module")
def client(worker, connect):
    return connect()


def begin(client, created, **fields):
    return client.do("session.transfer.begin", token=created["tokens"]["session"], **fields)["ticket"]


def complete(client, ticket, **fields):
    return client.do("session.transfer.complete", ticket=ticket, **fields)


def refuse(client, ticket, **fields):
    return client.refused("session.transfer.complete", ticket=ticket, **fields)


def living(client, subject, **fields):
    return [each["id"] for each in client.do("session.list", subject=subject, **fields)["sessions"]]


def is_valid(client, data):
    return client.validate(data["tokens"]["session"], touch=False)["valid"]


def let_two_seconds_pass(client, subject):
    """Waits for the end of another session that is idle for the same time."""
    client.create(f"{subject}-clock", idleSeconds=2)
    client.await_event(f"{subject}-clock", "session.expired")


# --- transfer ----------------------------------------------------------------------------------------------------


def test_a_transfer_keeps_the_state_and_ends_the_original(client, subject):
    created = client.create(
        subject, authentication=BOTH, attributes={"theme": "dark"}, actor="support-7", idleSeconds=900,
        absoluteSeconds=1800, device={"name": "Phone"}, context={"country": "DE"},
    )  # fmt: skip
    old = created["session"]
    data = complete(client, begin(client, created), device={"name": "Tablet"}, context={"country": "FR"})
    new = data["session"]
    assert new["id"] != old["id"]
    carried = ["tenant", "subject", "policy", "expiresAt", "level", "methods", "authenticatedAt", "attributes", "actor"]
    assert {key: new[key] for key in carried} == {key: old[key] for key in carried}
    assert (new["status"], new["device"], new["context"]) == ("active", {"name": "Tablet"}, {"country": "FR"})
    assert {"session", "refresh", "access"} <= set(data["tokens"])
    assert is_valid(client, data)
    assert living(client, subject) == [new["id"]]
    answer = client.validate(created["tokens"]["session"])
    assert (answer["reason"], answer["session"]["endReason"]) == ("revoked", "transferred")
    assert client.refused("session.refresh", refreshToken=created["tokens"]["refresh"]) == "session_ended"


def test_a_transfer_is_published_for_both_sessions(client, subject):
    created = client.create(subject, authentication=BOTH)
    new = complete(client, begin(client, created))["session"]["id"]
    events = client.final_events(subject)
    assert sorted(each.body["type"] for each in events) == ["session.created", "session.revoked", "session.transferred"]
    data = {each.body["type"]: each.body["data"] for each in events}
    transferred = data["session.transferred"]
    assert (transferred["sessionId"], transferred["previousSessionId"]) == (new, created["session"]["id"])
    assert (transferred["level"], transferred["methods"]) == (2, ["pwd", "otp"])
    revoked = data["session.revoked"]
    assert (revoked["sessionId"], revoked["reason"]) == (created["session"]["id"], "transferred")


def test_the_original_can_be_kept(client, subject):
    created = client.create(subject)
    data = complete(client, begin(client, created, keepOriginal=True))
    assert is_valid(client, created) and is_valid(client, data)
    assert sorted(living(client, subject)) == sorted([created["session"]["id"], data["session"]["id"]])
    assert client.final_kinds(subject) == ["session.created", "session.transferred"]


@pytest.mark.parametrize("keep", [False, True])
def test_a_ticket_works_once(client, subject, keep):
    created = client.create(subject)
    ticket = begin(client, created, keepOriginal=keep)
    complete(client, ticket)
    assert refuse(client, ticket) == "ticket_invalid"
    assert len(living(client, subject)) == 1 + keep


def test_a_duplicate_completion_gives_the_same_session(client, subject):
    body = {"ticket": begin(client, client.create(subject))}
    first, again = [client.call("session.transfer.complete", body, message_id=f"t-{subject}") for _ in range(2)]
    assert first.status == "succeeded" and again.body == first.body


def test_a_ticket_is_valid_as_long_as_the_policy_says(client, subject):
    data = client.do("session.transfer.begin", token=client.create(subject)["tokens"]["session"])
    assert data["ticket"].startswith("sjt_")
    created = client.create(subject, policy="brief")
    ticket = begin(client, created)
    let_two_seconds_pass(client, subject)
    assert refuse(client, ticket) == "ticket_invalid"
    assert is_valid(client, created)
    complete(client, begin(client, created))


def test_the_copy_of_a_begin_has_no_ticket(client, subject):
    token = client.create(subject)["tokens"]["session"]
    reply = client.call("session.transfer.begin", {"token": token}, message_id=f"t-{subject}")
    assert client.await_copy(f"t-{subject}").data == {"expiresAt": reply.data["expiresAt"]}


def test_a_begin_alone_changes_nothing_visible(client, subject):
    created = client.create(subject)
    begin(client, created)
    assert is_valid(client, created)
    assert client.final_kinds(subject) == ["session.created"]


def test_an_unknown_ticket_is_refused(client, subject):
    created = client.create(subject)
    ticket = begin(client, created)
    other = "A" if ticket[50] != "A" else "B"
    for bad in ("", "x", ticket[:-1], ticket + "A", ticket[:50] + other + ticket[51:], *created["tokens"].values()):
        assert refuse(client, bad) == "ticket_invalid"
    complete(client, ticket)


def test_a_ticket_is_accepted_by_no_other_command(client, subject):
    ticket = begin(client, client.create(subject))
    assert client.validate(ticket)["valid"] is False
    assert client.refused("session.refresh", refreshToken=ticket) == "token_invalid"
    assert client.refused("session.elevate", token=ticket, authentication=BOTH) == "token_invalid"
    assert client.refused("session.transfer.begin", token=ticket) == "token_invalid"
    assert client.refused("session.revoke", token=ticket) == "token_invalid"


def test_a_ticket_belongs_to_one_tenant(client, subject):
    created = client.create(subject, tenant="ours")
    ticket = begin(client, created, tenant="ours")
    assert refuse(client, ticket, tenant="theirs") == "ticket_invalid"
    assert complete(client, ticket, tenant="ours")["session"]["tenant"] == "ours"


def test_a_locked_session_cannot_be_transferred(client, subject):
    created = client.create(subject)
    ticket = begin(client, created)
    client.do("session.lock", sessionId=created["session"]["id"])
    assert client.refused("session.transfer.begin", token=created["tokens"]["session"]) == "session_locked"
    assert refuse(client, ticket) == "session_locked"


@pytest.mark.parametrize("command", ["session.revoke", "subject.disable"])
def test_a_ticket_does_not_revive_an_ended_session(client, subject, command):
    ticket = begin(client, client.create(subject), keepOriginal=True)
    client.do(command, subject=subject)
    assert refuse(client, ticket) in ("ticket_invalid", "session_ended", "subject_disabled")
    assert living(client, subject) == []


def test_a_ticket_from_before_an_elevation_is_invalid(client, subject):
    created = client.create(subject, authentication=PASSWORD)
    ticket = begin(client, created)
    new = client.do("session.elevate", token=created["tokens"]["session"], authentication={"methods": ["otp"]})
    assert refuse(client, ticket) == "ticket_invalid", "all tokens were replaced at once"
    assert is_valid(client, new)


def test_an_ended_session_cannot_issue_a_ticket(client, subject):
    created = client.create(subject)
    client.do("session.revoke", subject=subject)
    assert client.refused("session.transfer.begin", token=created["tokens"]["session"]) == "session_ended"


def test_a_kept_original_counts_towards_the_limit(client, subject):
    created = client.create(subject, policy="lone")
    assert refuse(client, begin(client, created, keepOriginal=True)) == "limit_reached"
    client.await_event(subject, "session.limit.reached")
    assert living(client, subject) == [created["session"]["id"]]
    data = complete(client, begin(client, created))
    assert living(client, subject) == [data["session"]["id"]], "where it takes the original's place there is room"


def test_children_move_with_their_parent(client, subject):
    parent = client.create(subject)
    child = client.create(subject, parentId=parent["session"]["id"])
    new = complete(client, begin(client, parent))
    assert is_valid(client, child)
    assert client.do("session.get", sessionId=child["session"]["id"])["session"]["parentId"] == new["session"]["id"]
    ended = client.do("session.revoke", sessionId=new["session"]["id"])["revoked"]
    assert sorted(ended) == sorted([new["session"]["id"], child["session"]["id"]])


def test_children_stay_with_a_parent_that_is_kept(client, subject):
    parent = client.create(subject)
    child = client.create(subject, parentId=parent["session"]["id"])
    complete(client, begin(client, parent, keepOriginal=True))
    assert client.do("session.get", sessionId=child["session"]["id"])["session"]["parentId"] == parent["session"]["id"]


def test_a_child_stays_a_child_when_it_moves(client, subject):
    parent = client.create(subject)
    child = client.create(subject, parentId=parent["session"]["id"])
    new = complete(client, begin(client, child))
    assert new["session"]["parentId"] == parent["session"]["id"]
    client.do("session.revoke", sessionId=parent["session"]["id"])
    assert not is_valid(client, new)


def test_a_transfer_prolongs_no_lifetime(client, subject):
    data = client.create(subject, absoluteSeconds=60, idleSeconds=60)
    deadline = data["session"]["expiresAt"]
    for _ in range(3):
        data = complete(client, begin(client, data))
        assert data["session"]["expiresAt"] == deadline
        assert data["session"]["idleExpiresAt"] <= deadline
        assert data["tokens"]["refreshExpiresAt"] <= deadline


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
