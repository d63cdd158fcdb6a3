"""Events and the changes of state that they tell of (contract §7, §10.3)."""

import json
import re

import contract
from rules.rule import Rule


class EffectWithoutEvent(Rule):
    name = "effect-without-event"
    promise = "§10.3: what a result reports, an event reports too"
    # How long after its deadline a session's end may be published.
    EXPIRY_SECONDS = 15

    def __init__(self, judge):
        super().__init__(judge)
        self._ended = {}
        self._expired = {}
        self._reused = {}

    def on_settled(self, attempt, result):
        for session in contract.ended_by(attempt.command, result):
            self._ended.setdefault(session, f"{attempt.key} {attempt.command}")
        if contract.code(result) == "refresh_token_reused":
            token = attempt.body.get("refreshToken")
            if token in self.known.session_of_token:
                self._reused.setdefault(self.known.session_of_token[token], attempt)

    def on_replied(self, attempt, line):
        if attempt.command != "session.validate" or line["result"]["status"] != "succeeded":
            return
        reason = line["result"]["data"].get("reason", "")
        session = self.known.session_of_token.get(attempt.body.get("token"))
        if session and reason == "revoked":
            self._ended.setdefault(session, f"{attempt.key} {attempt.command}")
        elif session and reason.startswith("expired"):
            self._expired.setdefault(session, (line["at"], attempt))

    def finish(self):
        known = self.known
        for (kind, session), count in known.required.items():
            missing = count - known.observed[kind, session]
            if missing > 0:
                self.fail(f"{missing} of {count} {kind} of {session}")
        for session, source in self._ended.items():
            if session not in known.ended:
                self.fail(f"{source} says that {session} has ended")
        for session, (at, attempt) in self._expired.items():
            if session not in known.ended and self.judge.at - at > self.EXPIRY_SECONDS:
                self.fail(f"{attempt.n} {attempt.command} says that {session} has expired")
        for session, attempt in self._reused.items():
            if not known.observed["session.token.reused", session]:
                self.fail(f"session.token.reused of {session}, by {attempt.key}")


class EventWithoutEffect(Rule):
    name = "event-without-effect"
    promise = "§10.3: what an event reports, a result reports too (or a deadline, or a cause beside it)"

    def __init__(self, judge):
        super().__init__(judge)
        self._listed = set()
        self._mass_reasons = set()
        self._unlisted = []

    def on_sent(self, attempt):
        if contract.is_mass_revocation(attempt.body):
            self._mass_reasons.add(attempt.body.get("reason", "revoked"))

    def on_settled(self, attempt, result):
        self._listed.update(contract.ended_by(attempt.command, result))

    def on_told(self, _subject, event):
        if event.type not in ("session.revoked", "session.evicted") or event.reason in contract.IMPLIED_REASONS:
            return
        # An eviction may make room for something other than a create, whose result does not list it.
        is_crowded = event.type == "session.evicted" and (event.tenant, event.subject) in self.known.crowded
        if event.reason not in self._mass_reasons and not is_crowded:
            self._unlisted.append(event)

    def finish(self):
        for event in self._unlisted:
            if event.session not in self._listed:
                self.fail(f"{event.id}: {event.type} of {event.session}, {event.reason}, and no result lists it")
        for (kind, session), count in self.known.observed.items():
            surplus = count - self.known.required[kind, session]
            if kind in contract.COMMANDED and surplus > 0:
                self.fail(f"{surplus} of {count} {kind} of {session}")


class UnstableEvent(Rule):
    name = "unstable-event"
    promise = "§7: the same event published twice has the same id and says the same"

    def __init__(self, judge):
        super().__init__(judge)
        self._bodies = {}

    def on_event(self, line):
        event = line["event"]
        body = hash(repr(event))
        if self._bodies.setdefault(event["id"], body) != body:
            self.fail(event["id"])


class SequenceBroken(Rule):
    name = "sequence"
    promise = "§7: a subject's events are numbered 1, 2, … without a gap or a number twice"

    def __init__(self, judge):
        super().__init__(judge)
        self._numbers = {}

    def on_event(self, line):
        event = line["event"]
        place = (event["source"], event["partitionkey"], event["sequence"])
        other = self._numbers.setdefault(place, event["id"])
        if other != event["id"]:
            self.fail(f"{other} and {event['id']} are both number {event['sequence']}")

    def finish(self):
        for subject, story in self.known.stories.items():
            missing = max(story) - len(story)
            if missing:
                first = next(number for number in range(1, max(story)) if number not in story)
                self.fail(f"{missing} numbers of {subject} are missing, the first is {first} of {max(story)}")


class Leaked(Rule):
    name = "leaked"
    promise = "§4, §7: no token where everybody reads"
    survives_loss = True

    SECRET = re.compile(r"sj[srt]_[A-Za-z0-9_-]{40}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")

    def on_event(self, line):
        self._search(line["event"], line["event"]["id"])

    def on_copied(self, attempt, line):
        self._search(line["result"], f"the result of {attempt.n}")

    def _search(self, value, place):
        if self.SECRET.search(json.dumps(value)):
            self.fail(f"in {place}")
