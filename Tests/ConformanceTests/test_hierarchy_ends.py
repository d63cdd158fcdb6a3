"""What happens to a session below another when its parent ends or is locked."""

import pytest

pytestmark = pytest.mark.core

POLICIES = {
    "lone": {"maxSessions": 1, "onLimit": "reject"},
    "single": {"maxSessions": 1},
    "graceless": {"refreshGraceSeconds": 0},
}


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


def endings(client, subject):
    """Session to (type, reason) of its end events; each session must have exactly one."""
    kinds = ("session.revoked", "session.expired", "session.evicted")
    told = [each.body for each in client.final_events(subject) if each.body["type"] in kinds]
    ends = {each["data"]["sessionId"]: (each["type"], each["data"]["reason"]) for each in told}
    assert len(ends) == len(told), f"a session ended twice: {told}"
    return ends


# --- the end of a parent -----------------------------------------------------------------------------------------


def test_a_revocation_ends_all_descendants_with_one_event_each(client, subject):
    root, first, second, grandchild = tree(client, subject)
    data = client.do("session.revoke", sessionId=name(root), reason="logout")
    assert sorted(data["revoked"]) == names(root, first, second, grandchild) and data["count"] == 4
    assert state(client, root, first, second, grandchild) == ["revoked"] * 4
    assert [get(client, each)["endReason"] for each in (root, first, grandchild)] == [
        "logout", "parent_ended", "parent_ended"
    ]  # fmt: skip
    with_it = ("session.revoked", "parent_ended")
    assert endings(client, subject) == {
        name(root): ("session.revoked", "logout"), name(first): with_it, name(second): with_it,
        name(grandchild): with_it,
    }  # fmt: skip


def test_the_end_of_a_child_does_not_end_its_parent(client, subject):
    root, first, second, grandchild = tree(client, subject)
    assert sorted(client.do("session.revoke", sessionId=name(first))["revoked"]) == names(first, grandchild)
    assert state(client, root, second) == ["valid"] * 2


def test_without_a_cascade_children_move_up_to_their_grandparent(client, subject):
    root, first, second, grandchild = tree(client, subject)
    data = client.do("session.revoke", sessionId=name(first), cascade=False)
    assert data["revoked"] == [name(first)]
    assert state(client, root, second, grandchild) == ["valid"] * 3
    assert get(client, grandchild)["parentId"] == name(root)
    ended = client.do("session.revoke", sessionId=name(root))["revoked"]
    assert sorted(ended) == names(root, second, grandchild)


def test_without_a_cascade_the_children_of_a_root_become_roots(client, subject):
    root, first, second, grandchild = tree(client, subject)
    client.do("session.revoke", token=root["tokens"]["session"], cascade=False)
    assert state(client, first, second, grandchild) == ["valid"] * 3
    assert "parentId" not in get(client, first) and "parentId" not in get(client, second)
    assert get(client, grandchild)["parentId"] == name(first)


def test_children_without_a_slot_as_roots_end_with_their_parent(client, subject):
    root = create(client, subject, policy="lone")
    children = [create(client, subject, root, policy="lone") for _ in range(2)]
    data = client.do("session.revoke", sessionId=name(root), cascade=False)
    assert data["revoked"] == [name(root), name(children[1])]
    assert state(client, root, *children) == ["revoked", "valid", "revoked"]
    assert get(client, children[1])["endReason"] == "parent_ended"
    assert client.await_event(subject, "session.limit.reached")


def test_a_subjects_revocation_ends_each_session_once(client, subject):
    sessions = tree(client, subject)
    data = client.do("session.revoke", subject=subject)
    assert sorted(data["revoked"]) == names(*sessions) and data["count"] == 4
    assert sorted(endings(client, subject)) == names(*sessions)


def test_a_spared_child_keeps_its_ancestors(client, subject):
    root, first, second, grandchild = tree(client, subject)
    other = create(client, subject)
    client.do("session.revoke", subject=subject, **{"except": grandchild["tokens"]["session"]})
    assert state(client, grandchild, first, root) == ["valid"] * 3, "without them it would end"
    assert state(client, second, other) == ["revoked"] * 2


def test_children_expire_with_their_parent(client, subject):
    root, first, second, grandchild = tree(client, subject, idleSeconds=3)
    client.await_events(subject, *["session.expired"] * 4)
    assert get(client, root)["endReason"] == "expired_idle"
    assert {get(client, each)["endReason"] for each in (first, second, grandchild)} == {"parent_ended"}
    assert get(client, grandchild)["status"] == "expired"
    with_it = ("session.expired", "parent_ended")
    assert endings(client, subject) == {
        name(root): ("session.expired", "expired_idle"), name(first): with_it, name(second): with_it,
        name(grandchild): with_it,
    }  # fmt: skip


def test_a_child_ends_at_the_same_moment_as_its_parent(client, subject):
    root = create(client, subject, idleSeconds=2)
    child = create(client, subject, root)
    client.wait(lambda: state(client, root) == ["expired_idle"], "the parent to expire")
    assert client.validate(child["tokens"]["session"])["valid"] is False, "though nobody may have swept up yet"
    assert client.refused("session.refresh", refreshToken=child["tokens"]["refresh"]) == "session_ended"


def test_a_child_that_idles_out_ends_alone(client, subject):
    root = create(client, subject)
    child = create(client, subject, root, idleSeconds=1)
    client.await_event(subject, "session.expired")
    assert state(client, root, child) == ["valid", "expired_idle"]
    assert endings(client, subject)[name(child)] == ("session.expired", "expired_idle")


def test_eviction_ends_the_children(client, subject):
    root = create(client, subject, policy="single")
    child = create(client, subject, root, policy="single")
    assert create(client, subject, policy="single")["evicted"] == [name(root)]
    assert state(client, root, child) == ["revoked"] * 2
    ends = endings(client, subject)
    assert ends[name(root)] == ("session.evicted", "evicted")
    assert ends[name(child)] == ("session.revoked", "parent_ended")


def test_reuse_of_a_refresh_token_ends_the_children(client, subject):
    root = create(client, subject, policy="graceless")
    child = create(client, subject, root)
    token = root["tokens"]["refresh"]
    client.do("session.refresh", refreshToken=token)
    assert client.refused("session.refresh", refreshToken=token) == "refresh_token_reused"
    assert state(client, root, child) == ["revoked"] * 2
    ends = endings(client, subject)
    assert (ends[name(root)], ends[name(child)]) == (
        ("session.revoked", "token_reused"), ("session.revoked", "parent_ended")
    )  # fmt: skip


def test_a_disabled_subjects_sessions_end_once_each(client, subject):
    sessions = tree(client, subject)
    assert sorted(client.do("subject.disable", subject=subject)["revoked"]) == names(*sessions)
    client.do("subject.enable", subject=subject)
    client.await_events(subject, "subject.enabled", *["session.revoked"] * 4)
    ended = [each.body["data"].get("sessionId") for each in client.events_of(subject) if is_end(each)]
    assert sorted(ended) == names(*sessions)


def is_end(event):
    return event.body["type"] == "session.revoked"


# --- the lock of a parent ----------------------------------------------------------------------------------------


def test_children_lock_and_unlock_with_their_parent(client, subject):
    root, first, second, grandchild = everything = tree(client, subject)
    locked = client.do("session.lock", sessionId=name(root), reason="fraud_alert")["sessions"]
    assert sorted(locked) == names(*everything)
    assert state(client, *everything) == ["locked"] * 4
    unlocked = client.do("session.unlock", sessionId=name(root), reason="all_clear")["sessions"]
    assert sorted(unlocked) == names(*everything)
    assert state(client, *everything) == ["valid"] * 4
    told = {
        (each.body["data"]["sessionId"], each.body["type"]): each.body["data"]["reason"]
        for each in client.final_events(subject) if each.body["type"] in ("session.locked", "session.unlocked")
    }  # fmt: skip
    assert told[name(root), "session.locked"] == "fraud_alert"
    assert told[name(root), "session.unlocked"] == "all_clear"
    for child in (first, second, grandchild):
        assert told[name(child), "session.locked"] == "parent_locked"
        assert told[name(child), "session.unlocked"] == "parent_unlocked"


def test_a_child_locked_by_itself_stays_locked_when_its_parent_is_unlocked(client, subject):
    root, first, second, grandchild = tree(client, subject)
    assert sorted(client.do("session.lock", sessionId=name(first))["sessions"]) == names(first, grandchild)
    assert sorted(client.do("session.lock", sessionId=name(root))["sessions"]) == names(root, second)
    assert sorted(client.do("session.unlock", sessionId=name(root))["sessions"]) == names(root, second)
    assert state(client, root, second, first, grandchild) == ["valid", "valid", "locked", "locked"]
    assert sorted(client.do("session.unlock", sessionId=name(first))["sessions"]) == names(first, grandchild)
    assert state(client, first, grandchild) == ["valid"] * 2


def test_no_child_is_usable_under_a_locked_parent(client, subject):
    root, first, _, grandchild = tree(client, subject)
    client.do("session.lock", sessionId=name(root))
    assert client.do("session.unlock", sessionId=name(first))["sessions"] == []
    assert state(client, root, first, grandchild) == ["locked"] * 3


def test_locking_a_subject_lists_each_session_once(client, subject):
    sessions = tree(client, subject)
    assert sorted(client.do("session.lock", subject=subject)["sessions"]) == names(*sessions)
    assert sorted(client.do("session.unlock", subject=subject)["sessions"]) == names(*sessions)
    assert state(client, *sessions) == ["valid"] * 4
    kinds = client.final_kinds(subject)
    assert (kinds.count("session.locked"), kinds.count("session.unlocked")) == (4, 4)


def test_a_locked_child_ends_with_its_parent(client, subject):
    root = create(client, subject)
    child = create(client, subject, root)
    client.do("session.lock", sessionId=name(child))
    client.do("session.revoke", sessionId=name(root))
    assert state(client, root, child) == ["revoked"] * 2
