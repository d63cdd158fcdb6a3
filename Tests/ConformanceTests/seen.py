"""Records what all clients in a run have seen, for test_coverage.py. Each process of the run saves its own part."""

import pickle
from collections import defaultdict
from itertools import pairwise

# From replies: "reason" of a validation, "remedy", "status", "endReason", "challenge". From events: "event"; by type
# its reasons.
WORDS = defaultdict(set)
# Each command's outcomes: "succeeded", or an error code.
ANSWERS = defaultdict(set)

# The status that each event puts a session into, whatever it was before.
STEPS = {
    "session.elevated": "active",
    "session.revoked": "revoked",
    "session.evicted": "revoked",
    "session.expired": "expired",
}

_begun = {}  # session id to its first status, from a reply
_back = defaultdict(dict)  # session id to its statuses after re-authentication, by generation
_stories = defaultdict(dict)  # by source and partition key of a subject: sequence to type and session of each event


def save(path):
    path.write_bytes(pickle.dumps((dict(WORDS), dict(ANSWERS), _begun, dict(_back), dict(_stories))))


def add(path):
    """Adds what another process has saved."""
    words, answers, begun, back, stories = pickle.loads(path.read_bytes())
    for mine, others in ((WORDS, words), (ANSWERS, answers), (_back, back), (_stories, stories)):
        for key, found in others.items():
            mine[key].update(found)
    _begun.update(begun)


def see_result(body):
    if not isinstance(body, dict):
        return  # already reported as a violation
    data = body.get("data") or {}
    session = data.get("session") or {}
    ANSWERS[body.get("command")].add((body.get("error") or {}).get("code", body.get("status")))
    found = {
        "reason": data.get("reason"),
        "remedy": data.get("remedy"),
        "status": session.get("status"),
        "endReason": session.get("endReason"),
        "challenge": (data.get("challenge") or {}).get("reason"),
    }
    for kind, word in found.items():
        if word:
            WORDS[kind].add(word)
    if body.get("command") in ("session.create", "session.transfer.complete") and session:
        _begun[session["id"]] = session["status"]
    if body.get("command") == "session.reauthenticate" and session:
        _back[session["id"]][session["generation"]] = session["status"]


def see_event(body):
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        return
    WORDS["event"].add(body.get("type"))
    WORDS[body.get("type")].add(body["data"].get("reason"))
    if str(body.get("sequence")).isdecimal():
        story = _stories[body.get("source"), body.get("partitionkey")]
        story[int(body["sequence"])] = (body.get("type"), body["data"].get("sessionId"))


def codes():
    """Every error code seen, for any command."""
    return set().union(*ANSWERS.values()) - {"succeeded"}


def transitions():
    """Each change of a session's status that events reported, as (before, after), with an example session."""
    found = {}
    for story in _stories.values():
        lives = defaultdict(list)
        for _, (kind, session) in sorted(story.items()):
            lives[session].append(kind)
        for session, kinds in lives.items():
            for before, after in pairwise(_statuses(session, kinds)):
                if before != after:
                    found[before, after] = session
    return found


def _statuses(session, kinds):
    """The statuses of a session according to its events; empty if its beginning was not seen."""
    status, before_locking = _begun.get(session), None
    if status is None or kinds[0] not in ("session.created", "session.transferred"):
        return
    returned = iter([status for _, status in sorted(_back[session].items())])
    for kind in kinds:
        if kind == "session.locked":
            before_locking, status = status, "locked"
        elif kind == "session.unlocked":
            status = before_locking
        elif kind == "session.reauthenticated":
            status = next(returned, "active")
        else:
            status = STEPS.get(kind, status)
        yield status


def table():
    """The outcomes of each command, and the changes of status seen."""
    width = max(map(len, ANSWERS), default=0)
    for command, answers in sorted(ANSWERS.items()):
        yield f"{command:{width}}  {' '.join(sorted(answers - {'succeeded'}))}"
    yield f"status: {', '.join(' → '.join(each) for each in sorted(transitions()))}"
