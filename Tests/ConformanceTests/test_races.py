"""Concurrent commands over two workers, in an unpredictable order. Whatever the order, there is one outcome.

Each test publishes rounds of them in one go. `--seed` repeats the order of publishing.
"""

import random

import pytest

from authenticator import enrolled
from settling import Batch, Command, expect_no_gaps

pytestmark = pytest.mark.core

FEW, SOME, MANY = 70, 200, 300  # rounds, depending on the cost of each
POLICIES = {
    "evicting": {"maxSessions": 3},
    "rejecting": {"maxSessions": 3, "onLimit": "reject"},
    "pair": {"maxSessions": 2, "onLimit": "reject"},
    "patient": {"maxSessions": 0, "mfa": {"maxAttempts": 1000}},
    "watchful": {"context": {"userAgent": "notify"}},
    "graceless": {"refreshGraceSeconds": 0},
}
PASSWORD, CODE = {"methods": ["pwd"]}, {"methods": ["otp"]}


@pytest.fixture(scope="module")
def workers(start_worker, policy_file):
    path = policy_file(POLICIES)
    workers = [start_worker(policy_file=path) for _ in range(2)]
    return [each.await_ready() for each in workers]


@pytest.fixture(scope="module")
def client(workers, connect):
    return connect()


@pytest.fixture
def at_once(client, request):
    """Publishes commands, shuffled, in one go. Returns their replies in the given order."""
    seed = request.config.getoption("seed")
    order = random.Random(f"{seed} {request.node.name}")
    print(f"--seed {seed}")  # next to the failure; also in the header of every run

    def at_once(commands):
        shuffled = list(commands)
        order.shuffle(shuffled)
        batch = Batch(client, shuffled).publish().settle()
        return [batch.final(each.message_id)[0] for each in commands]

    return at_once


@pytest.fixture
def sessions(client, at_once, subject):
    """Creates this many sessions, each for its own subject."""

    def sessions(count, **fields):
        creates = [Command("session.create", {"subject": f"{subject}-{number}"} | fields) for number in range(count)]
        return [each.data for each in at_once(creates)]

    return sessions


def in_groups(replies, size):
    return [replies[start : start + size] for start in range(0, len(replies), size)]


def of(created):
    """Subject, id, session token and refresh token."""
    session, tokens = created["session"], created["tokens"]
    return session["subject"], session["id"], tokens["session"], tokens.get("refresh")


def refresh(token):
    return Command("session.refresh", {"refreshToken": token})


def validate(token, **fields):
    return Command("session.validate", {"token": token} | fields)


def reasons(replies):
    return [each.data.get("reason", "valid") for each in replies]


def codes(replies):
    return ["succeeded" if each.status == "succeeded" else each.code for each in replies]


def succeeded(replies):
    return [each for each in replies if each.status == "succeeded"]


def lists(at_once, created):
    """The living sessions of each session's subject."""
    replies = at_once([Command("session.list", {"subject": each["session"]["subject"]}) for each in created])
    return [each.data["sessions"] for each in replies]


# --- refresh -----------------------------------------------------------------------------------------------------


def test_sixty_four_refreshes_of_one_token_give_one_successor(client, at_once, sessions):
    for wave in in_groups(sessions(3 * FEW), FEW):
        replies = at_once([refresh(of(each)[3]) for each in wave for _ in range(64)])
        for group in in_groups(replies, 64):
            assert len({each.data["tokens"]["refresh"] for each in group}) == 1
            assert {each.data["session"]["generation"] for each in group} == {2}
        for each in wave:
            assert client.final_kinds(of(each)[0]) == ["session.created", "session.refreshed"]


def test_without_a_grace_period_one_of_two_refreshes_is_theft_and_ends_the_session(client, at_once, sessions):
    created = sessions(SOME, policy="graceless")
    for group in in_groups(at_once([refresh(of(each)[3]) for each in created for _ in range(2)]), 2):
        assert sorted(codes(group)) == ["refresh_token_reused", "succeeded"]
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"revoked"}


def test_refresh_against_revoke_never_leaves_a_living_token(client, at_once, sessions):
    created = sessions(MANY)
    commands = []
    for each in created:
        subject, _, _, token = of(each)
        commands += [refresh(token), refresh(token), refresh(token), Command("session.revoke", {"subject": subject})]
    given = []
    for *refreshes, revoked in in_groups(at_once(commands), 4):
        assert revoked.data["count"] == 1
        assert set(codes(refreshes)) <= {"succeeded", "session_ended"}
        given += [each.data["tokens"] for each in succeeded(refreshes)]
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"revoked"}
    assert set(reasons(at_once([validate(each["access"]) for each in given]))) <= {"revoked"}
    assert set(codes(at_once([refresh(each["refresh"]) for each in given]))) <= {"session_ended"}
    expect_no_gaps(client)


# --- revoke and lock ---------------------------------------------------------------------------------------------


def test_once_a_revocation_is_answered_no_validate_succeeds(client, sessions):
    created = {of(each)[0]: of(each)[2] for each in sessions(MANY)}
    revocations = {}
    for subject, token in created.items():
        client.publish("session.validate", {"token": token})
        revocations[client.publish("session.revoke", {"subject": subject})] = token
    asked = []

    def all_answered():
        for revocation in [each for each in revocations if client.replies[each]]:
            token = revocations.pop(revocation)
            asked.extend(client.publish("session.validate", {"token": token}) for _ in range(2))
        return not revocations

    client.wait(all_answered, "an answer to every revocation", seconds=60)
    assert {client.await_reply(each).data.get("reason", "valid") for each in asked} == {"revoked"}


def test_no_late_write_revives_a_revoked_session(client, at_once, sessions):
    """Validates that each cause a write: their context is new, and a rule accepts it."""
    created = sessions(MANY, policy="watchful", context={"userAgent": "first"})
    commands = []
    for each in created:
        subject, _, token, _ = of(each)
        commands += [validate(token, context={"userAgent": f"browser {number}"}) for number in range(3)]
        commands.append(Command("session.revoke", {"subject": subject}))
    at_once(commands)
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"revoked"}
    client.wait(lambda: all(ends_with_revocation(client, of(each)[0]) for each in created[:SOME]), "the last events")


def ends_with_revocation(client, subject):
    kinds = client.kinds(subject)
    assert "session.revoked" not in kinds[:-1], f"something happened after the end: {kinds}"
    return kinds[-1:] == ["session.revoked"]


def test_once_a_lock_is_answered_the_session_is_unusable_until_unlocked(client, at_once, sessions):
    created = sessions(MANY)
    commands = []
    for each in created:
        _, session, token, refresh_token = of(each)
        commands += [refresh(refresh_token), validate(token), Command("session.lock", {"sessionId": session})]
    newest = []
    for each, (refreshed, validated, locked) in zip(created, in_groups(at_once(commands), 3)):
        assert locked.data["sessions"] == [of(each)[1]]
        assert codes([refreshed])[0] in ("succeeded", "session_locked")
        assert reasons([validated])[0] in ("valid", "locked")
        tokens = refreshed.data["tokens"] if refreshed.status == "succeeded" else each["tokens"]
        newest.append(tokens["refresh"])
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"locked"}
    assert set(codes(at_once([refresh(each) for each in newest]))) == {"session_locked"}
    at_once([Command("session.unlock", {"subject": of(each)[0]}) for each in created])
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"valid"}
    assert set(codes(at_once([refresh(each) for each in newest]))) == {"succeeded"}


def test_concurrent_locks_and_unlocks_end_consistently(client, at_once, sessions):
    created = sessions(SOME)
    commands = []
    for each in created:
        commands += [Command("session.lock", {"sessionId": of(each)[1]}) for _ in range(2)]
        commands += [Command("session.unlock", {"sessionId": of(each)[1]}) for _ in range(2)]
    groups = in_groups(at_once(commands), 4)
    said = reasons(at_once([validate(of(each)[2]) for each in created]))
    for group, reason in zip(groups, said):
        locks, unlocks = [sum(len(each.data["sessions"]) for each in half) for half in (group[:2], group[2:])]
        assert locks - unlocks == (1 if reason == "locked" else 0), (locks, unlocks, reason)


def test_disable_against_create_leaves_nothing_alive(client, at_once, subject):
    subjects = [f"{subject}-{number}" for number in range(SOME)]
    commands = []
    for each in subjects:
        commands += [Command("session.create", {"subject": each}) for _ in range(3)]
        commands.append(Command("subject.disable", {"subject": each}))
    for *creates, disabled in in_groups(at_once(commands), 4):
        began = [each.data["session"]["id"] for each in succeeded(creates)]
        assert sorted(disabled.data["revoked"]) == sorted(began)
        assert set(codes(creates)) <= {"succeeded", "subject_disabled"}
    left = at_once([Command("session.list", {"subject": each}) for each in subjects])
    assert not [each for each in left if each.data["sessions"]]


# --- elevate -----------------------------------------------------------------------------------------------------


def test_elevate_against_elevate_and_refresh_leaves_one_line_of_tokens(client, at_once, sessions):
    created = sessions(MANY, authentication=PASSWORD)
    commands = []
    for each in created:
        _, _, token, refresh_token = of(each)
        elevate = {"token": token, "authentication": CODE}
        commands += [Command("session.elevate", elevate), Command("session.elevate", elevate)]
        commands += [refresh(refresh_token), refresh(refresh_token)]
    lines, dead = [], []
    for group in in_groups(at_once(commands), 4):
        assert sorted(codes(group[:2])) == ["succeeded", "token_invalid"]
        assert set(codes(group[2:])) <= {"succeeded", "token_invalid"}
        lines += [each.data["tokens"] for each in succeeded(group[:2])]
        dead += [each.data["tokens"] for each in succeeded(group[2:])]
    assert set(reasons(at_once([validate(of(each)[2]) for each in created]))) == {"unknown"}
    assert set(codes(at_once([refresh(each["refresh"]) for each in dead]))) <= {"token_invalid"}
    assert set(reasons(at_once([validate(each["access"]) for each in dead]))) <= {"unknown"}
    assert set(reasons(at_once([validate(each["session"]) for each in lines]))) == {"valid"}
    assert set(codes(at_once([refresh(each["refresh"]) for each in lines]))) == {"succeeded"}


def test_a_code_is_accepted_once(client, at_once, subject):
    for number in range(FEW):
        name = f"{subject}-{number}"
        authenticator = enrolled(client, name)
        for proof in (authenticator.proof(), authenticator.recovery_proof()):
            body = {"subject": name, "policy": "patient", "factor": proof}
            replies = at_once([Command("session.create", body) for _ in range(6)])
            assert sorted(codes(replies)) == ["factor_rejected"] * 5 + ["succeeded"]


def test_only_one_of_several_reauthentications_resumes_a_session(client, at_once, sessions):
    created = sessions(SOME, idleSeconds=1)
    for each in created:
        client.await_event(of(each)[0], "session.expired")
    body = {"authentication": PASSWORD}
    replies = at_once(
        [Command("session.reauthenticate", body | {"token": of(each)[2]}) for each in created for _ in range(3)]
    )
    for group in in_groups(replies, 3):
        assert sorted(codes(group)) == ["succeeded", "token_invalid", "token_invalid"]


# --- the limit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["evicting", "rejecting"])
def test_creates_at_once_never_exceed_the_limit(client, at_once, subject, policy):
    subjects = [f"{subject}-{number}" for number in range(SOME)]
    creates = [Command("session.create", {"subject": each, "policy": policy}) for each in subjects for _ in range(8)]
    for name, group in zip(subjects, in_groups(at_once(creates), 8)):
        if policy == "rejecting":
            assert sorted(codes(group)) == ["limit_reached"] * 5 + ["succeeded"] * 3
        else:
            assert set(codes(group)) == {"succeeded"}
            assert len({gone for each in group for gone in each.data["evicted"]}) == 5
        client.await_events(name, *["session.created"] * len(succeeded(group)))
    expect_no_gaps(client)
    for name in subjects:
        expect_never_more_than(client, name, 3)
    left = at_once([Command("session.list", {"subject": each}) for each in subjects])
    assert {len(each.data["sessions"]) for each in left} == {3}


def expect_never_more_than(client, subject, limit):
    """The living sessions as reconstructed from events."""
    alive = set()
    for event in client.events_of(subject):
        kind, session = event.body["type"], event.body["data"].get("sessionId")
        if kind in ("session.created", "session.transferred", "session.reauthenticated"):
            alive.add(session)
        elif kind in ("session.revoked", "session.evicted", "session.expired"):
            alive.discard(session)
        assert len(alive) <= limit, f"{len(alive)} at once, at {event.body['sequence']}"


def test_every_way_to_another_session_respects_the_limit(client, at_once, sessions):
    """Sessions that are created, revived and transferred concurrently, with room for only one."""
    resting = sessions(SOME, policy="pair", idleSeconds=1)
    for each in resting:
        client.await_event(of(each)[0], "session.expired")
    present = [each.data for each in at_once([again(each, "session.create", policy="pair") for each in resting])]
    begins = [Command("session.transfer.begin", {"token": of(each)[2], "keepOriginal": True}) for each in present]
    tickets = [each.data["ticket"] for each in at_once(begins)]
    commands = []
    for each, ticket in zip(resting, tickets):
        commands += [again(each, "session.create", policy="pair") for _ in range(2)]
        commands.append(Command("session.transfer.complete", {"ticket": ticket}))
        commands.append(Command("session.reauthenticate", {"token": of(each)[2], "authentication": PASSWORD}))
    for group in in_groups(at_once(commands), 4):
        # One gets the place. If that was the revived session, it may have idled out again before the last.
        assert {"succeeded"} <= set(codes(group)) <= {"succeeded", "limit_reached"}
    expect_no_gaps(client)
    for each in resting:
        expect_never_more_than(client, of(each)[0], 2)


def again(created, command, **fields):
    return Command(command, {"subject": created["session"]["subject"]} | fields)


# --- one session, many hands -------------------------------------------------------------------------------------


def test_one_ticket_gives_one_session(client, at_once, sessions):
    created = sessions(SOME)
    begins = [Command("session.transfer.begin", {"token": of(each)[2]}) for each in created]
    tickets = [each.data["ticket"] for each in at_once(begins)]
    replies = at_once([Command("session.transfer.complete", {"ticket": each}) for each in tickets for _ in range(4)])
    for group, living in zip(in_groups(replies, 4), lists(at_once, created)):
        assert sorted(codes(group)) == ["succeeded"] + ["ticket_invalid"] * 3
        assert [each["id"] for each in living] == [succeeded(group)[0].data["session"]["id"]]


def test_transfer_against_refresh_and_elevation_leaves_one_session(client, at_once, sessions):
    created = sessions(SOME, authentication=PASSWORD)
    begins = [Command("session.transfer.begin", {"token": of(each)[2]}) for each in created]
    tickets = [each.data["ticket"] for each in at_once(begins)]
    commands = []
    for each, ticket in zip(created, tickets):
        commands += [Command("session.transfer.complete", {"ticket": ticket}), refresh(of(each)[3])]
        commands.append(Command("session.elevate", {"token": of(each)[2], "authentication": CODE}))
    at_once(commands)
    assert {len(each) for each in lists(at_once, created)} == {1}


def test_no_update_is_lost(client, at_once, sessions):
    for created in sessions(FEW):
        subject, session, _, _ = of(created)
        keys = [f"key{number}" for number in range(30)]
        at_once([Command("session.update", {"sessionId": session, "attributes": {each: 1}}) for each in keys])
        attributes = client.do("session.get", sessionId=session)["session"]["attributes"]
        assert attributes == dict.fromkeys(keys, 1)
        assert client.final_kinds(subject).count("session.updated") == 30


def test_no_child_begins_under_an_ended_parent(client, at_once, sessions):
    created = sessions(MANY)
    commands = []
    for each in created:
        subject, session, _, _ = of(each)
        commands += [Command("session.create", {"subject": subject, "parentId": session}) for _ in range(2)]
        commands.append(Command("session.revoke", {"sessionId": session}))
    for *children, revoked in in_groups(at_once(commands), 3):
        assert set(codes(children)) <= {"succeeded", "parent_not_active"}
        assert revoked.data["count"] == 1 + len(succeeded(children))
    assert {len(each) for each in lists(at_once, created)} == {0}


def test_one_message_delivered_many_times_at_once_has_one_effect(client, subject):
    waiting = {}
    for number in range(SOME):
        body, message_id = {"subject": f"{subject}-{number}"}, f"once-{subject}-{number}"
        waiting[number] = [client.publish("session.create", body, message_id=message_id) for _ in range(4)]
    for number, group in waiting.items():
        replies = [client.await_reply(each, seconds=60) for each in group]
        assert all(each.body == replies[0].body for each in replies)
    for number in range(SOME):
        assert len(client.do("session.list", subject=f"{subject}-{number}")["sessions"]) == 1
