"""What several rules need to know: gathered from the lines before any rule sees them."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import contract


@dataclass(frozen=True)
class Told:
    """An event, as much of it as the rules need."""

    id: str
    type: str
    session: str | None
    subject: str
    tenant: str
    reason: str | None
    parent: str | None
    previous: str | None
    trace: str | None


@dataclass
class Begun:
    """A session, from the result that began it."""

    policy: str
    is_pending: bool
    subject: str
    tenant: str
    line: int


class Known:
    def __init__(self, judge):
        self.judge = judge
        self.settled = {}  # first attempt's number to the first final result
        self.begun = {}
        self.session_of_token = {}
        # Sessions whose tokens some command may have replaced: an old one is unknown from then on.
        self.renewed = set()
        self.stories = defaultdict(dict)  # subject (source, partitionkey) to sequence to Told
        self.ended = Counter()  # session to its ending events
        self.observed = Counter()  # (type, session) to events
        self.required = Counter()  # (type, session) to results that announce such an event
        self._redeemed = set()
        self._event_ids = set()
        # Sessions that a re-authentication left waiting for a second factor, at least once.
        self.waits_again = set()
        # Subjects in which a command may have evicted sessions without its result saying so.
        self.crowded = set()

    # --- results ---------------------------------------------------------------------------------------------------

    def learn_tokens(self, result):
        session = contract.session_of(result)
        for token in contract.tokens_of(result).values():
            if session and isinstance(token, str) and token.startswith("sj"):
                self.session_of_token.setdefault(token, session)

    def is_news(self, attempt, result):
        """Whether this is the first final result of its message; notes it."""
        if not contract.is_final(result) or attempt.first.n in self.settled:
            return False
        self.settled[attempt.first.n] = result
        self._learn(attempt, result)
        return True

    def _learn(self, attempt, result):
        command, body = attempt.command, attempt.body
        if not contract.changes_state(command) or result["status"] != "succeeded":
            return
        for key in contract.commanded_events(command, result):
            self.required[key] += 1
        session = (result.get("data") or {}).get("session")
        tenant = body.get("tenant", "default")
        if command in ("session.create", "session.transfer.complete") and session:
            self.begun[session["id"]] = Begun(
                session["policy"], session["status"] == "pending", session["subject"], session["tenant"],
                self.judge.line)
        if command == "session.refresh" and session and body["refreshToken"] not in self._redeemed:
            self._redeemed.add(body["refreshToken"])
            self.required["session.refreshed", session["id"]] += 1
        if command in ("session.elevate", "session.reauthenticate", "session.transfer.complete") and session:
            self.crowded.add((session["tenant"], session["subject"]))
        if command == "session.reauthenticate" and session and session["status"] == "pending":
            self.waits_again.add(session["id"])
        if command == "session.revoke" and body.get("cascade") is False:
            # Children that become roots take places.
            for ended in contract.ended_by(command, result):
                if ended in self.begun:
                    self.crowded.add((tenant, self.begun[ended].subject))

    def note_renewal(self, attempt):
        """A command that replaces tokens was sent; its reply may get lost."""
        if attempt.command in ("session.elevate", "session.reauthenticate"):
            token = attempt.body.get("token") or attempt.body.get("refreshToken")
            if token in self.session_of_token:
                self.renewed.add(self.session_of_token[token])

    # --- events ----------------------------------------------------------------------------------------------------

    def note_event(self, event):
        if event["id"] in self._event_ids:
            return
        self._event_ids.add(event["id"])
        data = event.get("data") or {}
        trace = event.get("traceparent")
        told = Told(
            id=event["id"], type=event["type"], session=data.get("sessionId"), subject=data.get("subject"),
            tenant=data.get("tenant"), reason=data.get("reason"), parent=data.get("parentId"),
            previous=data.get("previousSessionId"), trace=trace.split("-")[1] if trace else None)
        self.stories[event["source"], event["partitionkey"]].setdefault(int(event["sequence"]), told)
        self.observed[told.type, told.session] += 1
        if told.type in contract.ENDS:
            self.ended[told.session] += 1

    def has_gap(self, subject):
        story = self.stories[subject]
        return max(story) != len(story) or 1 not in story

    def told_in_order(self):
        """Every subject's events, in order of sequence."""
        for subject, story in self.stories.items():
            for sequence in range(1, max(story) + 1):
                if sequence in story:
                    yield subject, story[sequence]
