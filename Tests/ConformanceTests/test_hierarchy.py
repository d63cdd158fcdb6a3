"""Sessions below sessions: what a child is, how many there may be, and how they are listed."""

import pytest

POLICIES = {
    "shallow": {"maxDepth": 2, "maxChildren": 2},
    "childless": {"maxDepth": 0},
    "barren": {"maxChildren": 0},
    "lone": {"maxSessions": 1, "onLimit": "reject"},
    "fading": {"mfa": {"validSeconds": 2}},
    "always": {"mfa": {"required": "always"}},
}
BOTH = {"methods": ["pwd", "otp"]}
PASSWORD = {"methods": ["pwd"]}


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file(POLICIES)).await_ready()


def create(client, subject, parent=None, **fields):
    if parent is not None:
        fields["parentId"] = name(parent)
    return client.create(subject, **fields)


def name(created):
    return created["session"]["id"]


def names(*created):
    return sorted(name(each) for each in created)


def state(client, *created):
    """The outcome of a validate for each: "valid", or the reason."""
    answers = [client.validate(each["tokens"]["session"], touch=False) for each in created]
    return [each.get("reason", "valid") for each in answers]


def get(client, created):
    return client.do("session.get", sessionId=name(created))["session"]


def tree(client, subject, **fields):
    """A root, two children, and a child of the first child."""
    root = create(client, subject, **fields)
    first, second = [create(client, subject, root) for _ in range(2)]
    return root, first, second, create(client, subject, first)


# --- a child -----------------------------------------------------------------------------------------------------


def test_a_child_names_its_parent_everywhere(client, subject):
    root = create(client, subject)
    child = create(client, subject, root)
    assert child["session"]["parentId"] == name(root)
    assert client.validate(child["tokens"]["session"])["session"]["parentId"] == name(root)
    client.do("session.refresh", refreshToken=child["tokens"]["refresh"])
    client.do("session.revoke", sessionId=name(child))
    events = [each.body["data"] for each in client.final_events(subject)]
    assert {each.get("parentId") for each in events if each["sessionId"] == name(child)} == {name(root)}
    assert {each.get("parentId") for each in events if each["sessionId"] == name(root)} == {None}


@pytest.mark.parametrize("stranger", ["subject", "tenant"])
def test_a_child_has_its_parents_tenant_and_subject(client, subject, stranger):
    root = create(client, subject)
    other = {"subject": f"{subject}-other"} if stranger == "subject" else {"subject": subject, "tenant": "other"}
    reply = client.call("session.create", other | {"parentId": name(root)})
    assert (reply.status, reply.code, reply.path) == ("failed", "invalid_field", "/parentId")


@pytest.mark.parametrize("parent", ["ses_nowhere", "x"])
def test_an_unknown_parent_is_not_active(client, subject, parent):
    assert client.refused("session.create", subject=subject, parentId=parent) == "parent_not_active"


@pytest.mark.parametrize("state", ["locked", "revoked", "pending"])
def test_only_an_active_session_has_children(client, subject, state):
    root = create(client, subject, policy="always" if state == "pending" else "default")
    if state != "pending":
        client.do({"locked": "session.lock", "revoked": "session.revoke"}[state], sessionId=name(root))
    assert client.refused("session.create", subject=subject, parentId=name(root)) == "parent_not_active"


def test_a_child_ends_no_later_than_its_parent(client, subject):
    root = create(client, subject, absoluteSeconds=600, idleSeconds=600)
    child = create(client, subject, root)
    assert child["session"]["expiresAt"] == root["session"]["expiresAt"]
    assert child["session"]["idleExpiresAt"] <= root["session"]["expiresAt"]
    assert child["tokens"]["refreshExpiresAt"] <= root["session"]["expiresAt"]
    sooner = create(client, subject, root, absoluteSeconds=60, idleSeconds=60)
    assert sooner["session"]["expiresAt"] < root["session"]["expiresAt"]


def test_a_child_has_no_higher_level_than_its_parent(client, subject):
    low, high = create(client, subject, authentication=PASSWORD), create(client, subject, authentication=BOTH)
    assert create(client, subject, low, authentication=BOTH)["session"]["level"] == 1
    assert create(client, subject, high, authentication=PASSWORD)["session"]["level"] == 1
    child = create(client, subject, high, authentication=BOTH)
    assert child["session"]["level"] == 2
    assert create(client, subject, child, authentication={"methods": ["hwk", "pwd"]})["session"]["level"] == 2


def test_no_elevation_raises_a_child_above_its_parent(client, subject):
    root = create(client, subject, authentication=PASSWORD)
    child = create(client, subject, root, authentication=PASSWORD)
    elevate = {"authentication": {"methods": ["otp"]}}
    data = client.do("session.elevate", token=child["tokens"]["session"], **elevate)
    assert data["session"]["level"] == 1
    assert client.validate(data["tokens"]["session"], require={"level": 2})["reason"] == "level_too_low"
    client.do("session.elevate", token=root["tokens"]["session"], **elevate)
    data = client.do("session.elevate", token=data["tokens"]["session"], **elevate)
    assert data["session"]["level"] == 2


def test_no_reauthentication_raises_a_child_above_its_parent(client, subject):
    root = create(client, subject, authentication=PASSWORD)
    child = create(client, subject, root, authentication=PASSWORD)
    data = client.do("session.reauthenticate", token=child["tokens"]["session"], authentication=BOTH)
    assert data["session"]["level"] == 1


def test_a_childs_level_decays_with_its_parents(client, subject):
    root = create(client, subject, policy="fading", authentication=PASSWORD)
    root = client.do("session.elevate", token=root["tokens"]["session"], authentication={"methods": ["otp"]})
    child = create(client, subject, root, authentication=BOTH)
    assert child["session"]["level"] == 2

    def decayed():
        levels = [client.validate(each["tokens"]["session"])["session"]["level"] for each in (child, root)]
        assert levels[0] <= levels[1] or levels == [2, 1] and get(client, child)["level"] == 1
        return levels[1] == 1

    client.wait(decayed, "the parent's elevation to decay")
    assert client.validate(child["tokens"]["session"], require={"level": 2})["reason"] == "level_too_low"


def test_children_do_not_count_towards_the_limit(client, subject):
    root = create(client, subject, policy="lone")
    children = [create(client, subject, root, policy="lone") for _ in range(3)]
    assert state(client, root, *children) == ["valid"] * 4
    assert client.refused("session.create", subject=subject, policy="lone") == "limit_reached"


def test_a_child_needs_no_second_factor_of_its_own(client, subject):
    root = create(client, subject, policy="always", authentication=BOTH)
    assert create(client, subject, root, policy="always", authentication=BOTH)["session"]["status"] == "active"


def test_a_child_under_a_stricter_policy_is_pending_unless_its_parent_has_level_2(client, subject):
    root = create(client, subject, authentication=PASSWORD)
    child = create(client, subject, root, policy="always", authentication=BOTH)
    assert (child["session"]["status"], child["session"]["level"]) == ("pending", 1)
    assert set(child["tokens"]) == {"session"}
    client.do("session.elevate", token=root["tokens"]["session"], authentication={"methods": ["otp"]})
    child = create(client, subject, root, policy="always", authentication=BOTH)
    assert (child["session"]["status"], child["session"]["level"]) == ("active", 2)


# --- how many, how deep ------------------------------------------------------------------------------------------


def too_deep(client, subject, parent, **fields):
    return client.refused("session.create", subject=subject, parentId=name(parent), **fields) == "hierarchy_too_deep"


def test_the_levels_below_a_root_are_limited(client, subject):
    root = create(client, subject, policy="shallow")
    child = create(client, subject, root, policy="shallow")
    grandchild = create(client, subject, child, policy="shallow")
    assert too_deep(client, subject, grandchild, policy="shallow")


def test_four_levels_are_the_default(client, subject):
    session = create(client, subject)
    for _ in range(4):
        session = create(client, subject, session)
    assert too_deep(client, subject, session)


def test_the_children_of_a_session_are_limited(client, subject):
    root = create(client, subject, policy="shallow")
    children = [create(client, subject, root, policy="shallow") for _ in range(2)]
    assert too_deep(client, subject, root, policy="shallow")
    create(client, subject, children[0], policy="shallow")
    client.do("session.revoke", sessionId=name(children[0]))
    create(client, subject, root, policy="shallow")
    assert too_deep(client, subject, root, policy="shallow")


@pytest.mark.parametrize("policy", ["childless", "barren"])
def test_a_policy_can_forbid_children(client, subject, policy):
    assert too_deep(client, subject, create(client, subject, policy=policy), policy=policy)


# --- the list ----------------------------------------------------------------------------------------------------


def test_a_list_has_each_child_after_its_parent_and_siblings_oldest_first(client, subject):
    root, first, second, grandchild = tree(client, subject)
    late = create(client, subject, second)
    other = create(client, subject)
    listed = [each["id"] for each in client.do("session.list", subject=subject)["sessions"]]
    assert sorted(listed) == names(root, first, second, grandchild, late, other)
    place = {session: index for index, session in enumerate(listed)}
    for child, parent in ((first, root), (second, root), (grandchild, first), (late, second)):
        assert place[name(child)] > place[name(parent)]
    assert place[name(first)] < place[name(second)] and place[name(root)] < place[name(other)]


def test_a_list_with_ended_sessions_keeps_its_order(client, subject):
    root, first, second, grandchild = tree(client, subject)
    client.do("session.revoke", sessionId=name(first))
    assert [each["id"] for each in client.do("session.list", subject=subject)["sessions"]] == [name(root), name(second)]
    listed = client.do("session.list", subject=subject, includeEnded=True)["sessions"]
    place = {each["id"]: index for index, each in enumerate(listed)}
    assert place[name(root)] < place[name(first)] < place[name(grandchild)]
    assert {each["id"]: each["status"] for each in listed}[name(grandchild)] == "revoked"


# --- who acts for whom -------------------------------------------------------------------------------------------


def test_an_actor_is_stated_wherever_the_session_appears(client, subject):
    created = create(client, subject, actor="support-7", authentication=PASSWORD)
    token, session = created["tokens"]["session"], name(created)
    shown = [created["session"], client.validate(token)["session"], client.do("session.get", token=token)["session"]]
    shown += client.do("session.list", subject=subject)["sessions"]
    shown.append(client.do("session.refresh", refreshToken=created["tokens"]["refresh"])["session"])
    shown.append(client.do("session.update", sessionId=session, attributes={"a": 1})["session"])
    data = client.do("session.elevate", token=token, authentication={"methods": ["otp"]})
    shown.append(data["session"])
    data = client.do("session.reauthenticate", token=data["tokens"]["session"], authentication=PASSWORD)
    shown.append(data["session"])
    client.do("session.lock", sessionId=session)
    client.do("session.unlock", sessionId=session)
    ticket = client.do("session.transfer.begin", token=data["tokens"]["session"])["ticket"]
    shown.append(client.do("session.transfer.complete", ticket=ticket)["session"])
    assert {each["actor"] for each in shown} == {"support-7"}
    events = client.final_events(subject)
    assert {each.body["data"]["actor"] for each in events} == {"support-7"}
    assert len({each.body["type"] for each in events}) == 9
    entries = client.do("session.activity", sessionId=session)["entries"]
    assert {each["detail"]["actor"] for each in entries} == {"support-7"}


def test_a_child_has_its_parents_actor_unless_it_states_one(client, subject):
    root = create(client, subject, actor="support-7")
    child = create(client, subject, root)
    other = create(client, subject, child, actor="auditor")
    assert [get(client, each)["actor"] for each in (root, child, other)] == ["support-7", "support-7", "auditor"]
    created = [each.body["data"] for each in client.final_events(subject) if each.body["type"] == "session.created"]
    assert [each["actor"] for each in created] == ["support-7", "support-7", "auditor"]


def test_a_session_without_an_actor_states_none(client, subject):
    created = create(client, subject)
    assert "actor" not in created["session"]
    assert "actor" not in client.await_event(subject, "session.created").body["data"]
