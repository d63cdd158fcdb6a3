"""Lists that are returned in pages."""

import json

import pytest

pytestmark = pytest.mark.core

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file({"endless": {"maxSessions": 0}})).await_ready()


def begin(client, subject, count, **fields):
    """Creates this many sessions and returns their ids, oldest first."""
    return [client.create(subject, policy="endless", **fields)["session"]["id"] for _ in range(count)]


def ids(data):
    return [each["id"] for each in data["sessions"]]


def pages(client, subject, between=lambda: None, **fields):
    data = client.do("session.list", subject=subject, **fields)
    yield data
    while "next" in data:
        between()
        data = client.do("session.list", subject=subject, cursor=data["next"], **fields)
        yield data


def test_a_list_has_pages_of_the_requested_length(client, subject):
    sessions = begin(client, subject, 5)
    assert [ids(page) for page in pages(client, subject, limit=2)] == [sessions[:2], sessions[2:4], sessions[4:]]
    assert [ids(page) for page in pages(client, subject, limit=5)] == [sessions]
    assert "next" not in client.do("session.list", subject=subject)


def test_sessions_that_begin_or_end_between_pages_hide_no_living_one(client, subject):
    sessions = begin(client, subject, 6)
    doomed = iter(sessions[:3])

    def between():
        if session := next(doomed, None):
            client.do("session.revoke", sessionId=session)
            begin(client, subject, 1)

    told = [session for page in pages(client, subject, between, limit=2) for session in ids(page)]
    assert told[:2] == sessions[:2]
    assert [session for session in told if session in sessions[3:]] == sessions[3:]
    assert len(set(told)) == len(told)


def test_a_list_contains_at_most_a_mebibyte_of_sessions(client, subject):
    # Each is larger as JSON than it looks: a control character takes six bytes there.
    sessions = begin(client, subject, 90, attributes={"text": "\x01" * 2600, "more": "x" * 700})
    told = []
    for page in pages(client, subject):
        size = len(json.dumps(page["sessions"], separators=(",", ":"), ensure_ascii=False).encode()) - len("[]")
        assert size <= MEBIBYTE
        if "next" in page:
            assert size > MEBIBYTE - 20_000
        told += ids(page)
    assert told == sessions


@pytest.mark.parametrize("change", ["made up", "cut", "longer", "of another subject", "of another tenant"])
def test_a_cursor_of_another_subject_is_refused(client, subject, change):
    begin(client, subject, 2)
    begin(client, f"{subject}-other", 2)
    begin(client, subject, 2, tenant="other")
    cursor = client.do("session.list", subject=subject, limit=1)["next"]
    cursor = {
        "made up": "A" * len(cursor),
        "cut": cursor[:-1],
        "longer": cursor + "A",
        "of another subject": client.do("session.list", subject=f"{subject}-other", limit=1)["next"],
        "of another tenant": client.do("session.list", subject=subject, tenant="other", limit=1)["next"],
    }[change]
    reply = client.attempt("session.list", {"subject": subject, "cursor": cursor})
    assert (reply.code, reply.path) == ("invalid_field", "/cursor")


def test_a_cursor_reveals_nothing(client, subject):
    sessions = begin(client, subject, 2)
    cursor = client.do("session.list", subject=subject, limit=1)["next"]
    assert not any(session[-12:] in cursor for session in sessions)
    assert cursor == client.do("session.list", subject=subject, limit=1)["next"]
