"""Checks what all other modules have covered together. Runs after them, with --seen."""

from schemas_support import load, names
from seen import ANSWERS, WORDS, codes, transitions

COMMON = load("common.json")["$defs"]
TRANSITIONS = {
    ("pending", "active"), ("pending", "locked"), ("pending", "revoked"), ("pending", "expired"),
    ("active", "locked"), ("active", "revoked"), ("active", "expired"),
    ("locked", "active"), ("locked", "pending"), ("locked", "revoked"), ("locked", "expired"),
    ("expired", "active"), ("expired", "pending"),
}  # fmt: skip


def unseen(kind, words):
    return sorted(set(words) - WORDS[kind])


def test_every_command_was_executed():
    assert sorted(command for command, answers in ANSWERS.items() if "succeeded" in answers) == list(names("commands"))


def test_every_error_code_was_seen():
    expected = set(COMMON["rejectionCode"]["enum"] + COMMON["failureCode"]["enum"])
    assert sorted(expected - codes()) == []


def test_every_reason_of_a_validation_was_seen():
    assert unseen("reason", COMMON["validityReason"]["enum"]) == []


def test_every_remedy_was_seen():
    assert unseen("remedy", COMMON["remedy"]["enum"]) == []


def test_every_status_was_seen():
    assert unseen("status", COMMON["status"]["enum"]) == []


def test_sessions_made_exactly_the_status_transitions_of_the_contract():
    found = transitions()
    assert TRANSITIONS - set(found) == set()
    assert {change: session for change, session in found.items() if change not in TRANSITIONS} == {}


def test_every_end_reason_was_seen():
    assert unseen("endReason", [*COMMON["reasonInCommand"]["not"]["enum"], "revoked"]) == []


def test_every_challenge_was_seen():
    assert unseen("challenge", COMMON["challenge"]["properties"]["reason"]["enum"]) == []


def test_every_type_of_event_was_seen():
    assert unseen("event", names("events")) == []


def test_every_reason_of_an_event_was_seen():
    expected = {
        "session.locked": {"locked", "context", "parent_locked"},
        "session.unlocked": {"unlocked", "parent_unlocked"},
        "session.expired": set(COMMON["expiryReason"]["enum"]),
        "session.evicted": {"evicted"},
        "session.revoked": {"revoked", "transferred", "token_reused", "subject_disabled", "context", "parent_ended"},
        "factor.rejected": {"code", "locked", "replayed"},
        "subject.disabled": {"disabled"},
        "subject.enabled": {"enabled"},
    }
    assert {kind: missing for kind, reasons in expected.items() if (missing := unseen(kind, reasons))} == {}
