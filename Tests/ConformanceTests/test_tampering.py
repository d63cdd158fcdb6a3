"""Tampered records in Redis: detected, logged, answered with `internal`, and harmless to others."""

import base64
import re

import pytest
import redis

HANDLE = re.compile(rb"[^:]+$")


@pytest.fixture
def store(redis_url):
    with redis.Redis.from_url(redis_url) as store:
        yield store


@pytest.fixture
def find(store, namespace):
    """The key and field of a session."""

    def find(created):
        session = created["session"]["id"].encode()
        for key in store.scan_iter(match=f"{namespace}:*", count=1000):
            if store.type(key) == b"hash":
                for field in store.hkeys(key):
                    if len(field) > 4 and session.endswith(field):
                        return key, field
        raise AssertionError(f"there is no record of {session}")

    return find


def flip(raw, place):
    changed = bytearray(raw)
    changed[place] ^= 1
    return bytes(changed)


def check(client, created):
    """The outcome of a validate: "valid", or the code of its failure."""
    reply = client.call("session.validate", {"token": created["tokens"]["session"]})
    return ("valid" if reply.data["valid"] else reply.data["reason"]) if reply.status == "succeeded" else reply.code


def expect_told(client, worker, subject, key, before, content=b""):
    """Checks that an error in the log identifies the key and reveals none of its content. Quarantine has the command,
    which names the subject."""
    worker.await_log(" ERROR .*" + re.escape(HANDLE.search(key).group().decode()), after=before)
    kept = client.wait(
        lambda: [each for each in client.quarantine if (each.body or {}).get("subject") == subject], "quarantine"
    )
    assert {each.headers["x-sojourn-reason"] for each in kept} == {"internal"}
    log = worker.log_path.read_bytes()
    for start in range(0, len(content) - 12):
        piece = content[start : start + 12]
        for text in (piece, piece.hex().encode(), base64.b64encode(piece), base64.urlsafe_b64encode(piece)):
            assert text not in log, "a part of the record is in the log"


DAMAGES = {
    "the first byte": lambda raw: flip(raw, 0),
    "a byte in the middle": lambda raw: flip(raw, len(raw) // 2),
    "the last byte": lambda raw: flip(raw, -1),
    "cut short": lambda raw: raw[:-1],
    "cut to nothing": lambda raw: b"",
    "one byte more": lambda raw: raw + b"\0",
    "something else": lambda raw: b"{}",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_session_is_internal_and_others_are_unaffected(client, worker, store, find, subject, damage):
    created, other = client.create(subject), client.create(f"{subject}-other")
    key, field = find(created)
    raw, before = store.hget(key, field), len(worker.log)
    store.hset(key, field, DAMAGES[damage](raw))
    assert check(client, created) == "internal"
    assert client.refused("session.refresh", refreshToken=created["tokens"]["refresh"]) == "internal"
    assert client.refused("session.create", subject=subject) == "internal"
    assert check(client, other) == "valid"
    expect_told(client, worker, subject, key, before, raw)
    store.hset(key, field, raw)
    assert check(client, created) == "valid"
    assert client.final_kinds(subject) == ["session.created"], "nothing had happened"


def test_a_session_sealed_with_an_unknown_key_is_unavailable_and_others_are_unaffected(
    client, store, find, subject
):
    """Bytes 1 to 4 are the key's id: another worker may have a keyring that this one has not loaded yet."""
    created, other = client.create(subject), client.create(f"{subject}-other")
    key, field = find(created)
    raw = store.hget(key, field)
    store.hset(key, field, flip(raw, 1))
    reply = client.call("session.validate", {"token": created["tokens"]["session"]})
    assert reply.code == "unavailable" and reply.body["error"]["retryable"] is True
    assert check(client, other) == "valid"
    store.hset(key, field, raw)
    assert check(client, created) == "valid"


def test_commands_wait_for_a_key_that_comes_and_others_do_not_wait_for_them(client, store, find, subject):
    created, other = client.create(subject), client.create(f"{subject}-other")
    key, field = find(created)
    raw = store.hget(key, field)
    store.hset(key, field, flip(raw, 1))
    waiting = client.publish("session.refresh", {"refreshToken": created["tokens"]["refresh"]})
    validates = [client.publish("session.validate", {"token": created["tokens"]["session"]}) for _ in range(20)]
    for _ in range(20):
        assert check(client, other) == "valid"
    client.call("session.create", {"subject": f"{subject}-third"}, seconds=5)
    assert not client.replies[waiting] and not any(client.replies[each] for each in validates)
    store.hset(key, field, raw)
    assert client.await_reply(waiting).status == "succeeded"
    assert all(client.await_reply(each).data["valid"] for each in validates)


def test_a_sibling_of_a_damaged_session_can_still_be_validated(client, store, find, subject):
    created, sibling = client.create(subject), client.create(subject)
    key, field = find(created)
    store.hset(key, field, flip(store.hget(key, field), 30))
    assert check(client, created) == "internal"
    assert check(client, sibling) == "valid"


@pytest.mark.parametrize("whose", ["the same subject's", "another subject's"])
def test_a_record_copied_elsewhere_does_not_open(client, store, find, subject, whose):
    victim = client.create(subject)
    thief = client.create(subject if whose == "the same subject's" else f"{subject}-thief")
    (key, field), (from_key, from_field) = find(victim), find(thief)
    raw = store.hget(key, field)
    store.hset(key, field, store.hget(from_key, from_field))
    assert check(client, victim) == "internal"
    assert check(client, thief) == "valid"
    store.hset(key, field, raw)
    assert check(client, victim) == "valid"


def test_a_record_copied_to_a_forged_id_does_not_open(client, store, find, subject):
    created = client.create(subject)
    key, field = find(created)
    other = field[:-1] + (b"A" if field[-1:] != b"A" else b"B")
    store.hset(key, other, store.hget(key, field))
    assert client.refused("session.list", subject=subject) == "internal"
    store.hdel(key, other)
    assert [each["id"] for each in client.do("session.list", subject=subject)["sessions"]] == [created["session"]["id"]]


def test_a_damaged_subject_is_internal(client, worker, store, find, subject):
    created = client.create(subject)
    client.do("subject.disable", subject=subject)
    key, field = find(created)
    before = len(worker.log)
    values = store.hgetall(key)
    others = [each for each, value in values.items() if each != field and len(value) > 16]
    assert others, "where does it say that the subject is disabled?"
    for each in others:
        store.hset(key, each, flip(values[each], len(values[each]) // 2))
    assert client.refused("session.create", subject=subject) == "internal", "disabled, as far as anybody can tell"
    expect_told(client, worker, subject, key, before)
    for each in others:
        store.hset(key, each, values[each])
    assert client.refused("session.create", subject=subject) == "subject_disabled"


def test_a_key_of_another_type_is_internal(client, worker, store, find, subject):
    created, other = client.create(subject), client.create(f"{subject}-other")
    key, _ = find(created)
    saved, before = store.dump(key), len(worker.log)
    store.set(key, b"no hash")
    assert check(client, created) == "internal"
    assert client.refused("session.create", subject=subject) == "internal"
    assert check(client, other) == "valid"
    expect_told(client, worker, subject, key, before)
    store.restore(key, 0, saved, replace=True)
    assert check(client, created) == "valid"


def test_a_damaged_result_is_not_returned_and_nothing_happens_twice(client, store, namespace, subject):
    before = set(store.scan_iter(match=f"{namespace}:*", count=1000))
    first = client.call("session.create", {"subject": subject}, message_id=f"m-{subject}")
    new = [each for each in store.scan_iter(match=f"{namespace}:*", count=1000) if each not in before]
    results = [each for each in new if store.type(each) == b"string" and store.strlen(each) > 200]
    assert len(results) == 1, f"which of these is the result? {new}"
    raw = store.get(results[0])
    store.set(results[0], flip(raw, len(raw) // 2), keepttl=True)
    again = client.call("session.create", {"subject": subject}, message_id=f"m-{subject}")
    assert again.code == "internal"
    store.set(results[0], raw, keepttl=True)
    assert client.call("session.create", {"subject": subject}, message_id=f"m-{subject}").body == first.body
    assert len(client.do("session.list", subject=subject)["sessions"]) == 1


def test_the_worker_still_works_afterwards(client, worker, subject):
    assert worker.running and worker.get("/readyz") == 200
    assert check(client, client.create(subject)) == "valid"
