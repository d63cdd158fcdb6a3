"""Moving a session to another device: transfers."""

import pytest

POLICIES = {
    "brief": {"transferSeconds": 2},
    "lone": {"maxSessions": 1, "onLimit": "reject"},
}
PASSWORD = {"methods": ["pwd"]}
BOTH = {"methods": ["pwd", "otp"]}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


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
