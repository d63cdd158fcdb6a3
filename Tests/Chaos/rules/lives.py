"""The lives of sessions, as their events and the answers at the end tell them (contract §3, §7, §10.4, §10.5)."""

from collections import Counter, defaultdict

import contract
from rules.rule import Rule


class Life:
    """The living sessions of all subjects, event by event; says what is impossible."""

    def __init__(self):
        self.living = set()
        self.locked = set()

    def follow(self, event):
        """Returns what is wrong with this event: a kind and a sentence, or None."""
        session, kind = event.session, event.type
        if session is None:
            return None
        lives = session in self.living
        match kind:
            case "session.created" | "session.transferred":
                self.living.add(session)
                return ("impossible", "began twice") if lives else None
            case "session.revoked" | "session.expired" | "session.evicted":
                self.living.discard(session)
                self.locked.discard(session)
                return None if lives else ("impossible", "ended twice")
            case "session.reauthenticated":
                self.living.add(session)
                return ("impossible", "came back though locked") if session in self.locked else None
            case "session.locked":
                wrong = session in self.locked
                self.locked.add(session)
                return ("resurrected", "was locked behind its end") if not lives else (
                    ("impossible", "was locked twice") if wrong else None)
            case "session.unlocked":
                wrong = session not in self.locked
                self.locked.discard(session)
                return ("impossible", "was unlocked and not locked") if wrong else None
            case "session.suspicious" | "session.token.reused" | "session.limit.reached":
                return None
        return None if lives else ("resurrected", "went on behind its end")


class ImpossibleHistory(Rule):
    name = "impossible-history"
    promise = "§7: sessions begin once and end once"
    kind = "impossible"

    def __init__(self, judge):
        super().__init__(judge)
        self._life = Life()
        self._gaps = {}

    def on_told(self, subject, event):
        if subject not in self._gaps:
            self._gaps[subject] = self.known.has_gap(subject)
        # With a gap, anything may have happened in it; that is reported already.
        if self._gaps[subject]:
            return
        wrong = self._life.follow(event)
        if wrong and wrong[0] == self.kind:
            self.fail(f"{event.session} {wrong[1]}: {event.type}, {event.id}")


class Resurrected(ImpossibleHistory):
    name = "resurrected"
    promise = "§10.4: what has ended stays ended"
    kind = "resurrected"

    def __init__(self, judge):
        super().__init__(judge)
        self._listed = {}

    def on_replied(self, attempt, line):
        if self.judge.is_final and attempt.command == "session.list" and line["result"]["status"] == "succeeded":
            for session in line["result"]["data"]["sessions"]:
                self._listed[session["id"]] = session["status"]

    def finish(self):
        for session, status in self._listed.items():
            if status in ("active", "locked", "pending") and self.known.ended[session]:
                if session not in self._life.living:
                    self.fail(f"{session} is {status} at the end, and an event reports its end")


class LostSession(Rule):
    name = "lost-session"
    promise = "§10.1: a session that a result or an event reports is there until an event ends it, with what it holds"

    def __init__(self, judge):
        super().__init__(judge)
        self._life = Life()
        self._unknown = {}
        self._listed = {}  # subject to its sessions at the end
        self._subjects = {}
        self._held = defaultdict(dict)  # session to the attributes that updates reported

    def on_settled(self, attempt, result):
        if attempt.command == "session.update" and result["status"] == "succeeded":
            patch = attempt.body.get("attributes") or {}
            given = {key: attempt.key for key, value in patch.items() if value is not None}
            self._held[contract.session_of(result)].update(given)

    def on_replied(self, attempt, line):
        result = line["result"]
        if result["status"] != "succeeded":
            return
        if attempt.command == "session.validate" and result["data"].get("reason") in ("unknown", "malformed"):
            session = self.known.session_of_token.get(attempt.body.get("token"))
            if session:
                self._unknown[session] = attempt
        if self.judge.is_final and attempt.command == "session.list" and "next" not in result["data"]:
            place = (attempt.body.get("tenant", "default"), attempt.body["subject"])
            self._listed[place] = {each["id"]: each for each in result["data"]["sessions"]}

    def on_told(self, _subject, event):
        self._life.follow(event)
        if event.session:
            self._subjects[event.session] = (event.tenant, event.subject)

    def finish(self):
        for session, attempt in self._unknown.items():
            if not self.known.ended[session] and session not in self.known.renewed:
                self.fail(f"{attempt.n} does not know {session}, and no event ended it")
        for session in self._life.living:
            listed = self._listed.get(self._subjects[session])
            if listed is None:
                continue
            found = listed.get(session)
            if found is None or found["status"] not in ("active", "locked", "pending"):
                self.fail(f"{session} is {found['status'] if found else 'gone'} at the end, and no event ended it")
                continue
            missing = [key for key in self._held.get(session, ()) if key not in found["attributes"]]
            if missing:
                self.fail(f"{session} lacks attributes that updates stored: {missing[:5]}")


class LimitExceeded(Rule):
    name = "limit"
    promise = "§10.5: never more sessions than the limit"

    def __init__(self, judge):
        super().__init__(judge)
        self._limits = defaultdict(list)
        self._places = {}  # session to (subject, policy, whether it is pending) while it counts
        self._counts = Counter()
        self._owed = {}  # subject to places that a transfer holds twice, until the original's end is told

    def on_sent(self, attempt):
        # Which of two policies a decision knew is not visible: the more generous one holds.
        if attempt.command == "policy.put":
            limit = attempt.body.get("policy", {}).get("maxSessions", 5)
            self._limits[attempt.body.get("name")].append(limit)

    def _limit(self, policy):
        limits = [*self._limits.get(policy, ()), self.judge.setup["limits"].get(policy, 0)]
        return 0 if 0 in limits else max(limits)

    def on_told(self, subject, event):
        owed = self._owed.pop(subject, None)
        if owed and event.reason == "transferred":
            self._apply(subject, event)
            self._check(*owed)
            return
        if owed:
            self._check(*owed)
        self._apply(subject, event)

    def _apply(self, subject, event):
        begun = self.known.begun.get(event.session)
        if event.type in contract.ENDS:
            self._leave(event.session)
        elif begun is None or event.parent is not None:
            return
        elif event.type in contract.BEGINNINGS:
            self._take(subject, event, begun.is_pending)
        elif event.type in ("session.elevated", "session.reauthenticated"):
            if event.type == "session.reauthenticated" and event.session in self.known.waits_again:
                return
            self._leave(event.session)
            self._take(subject, event, is_pending=False)

    def _leave(self, session):
        place = self._places.pop(session, None)
        if place:
            self._counts[place] -= 1

    def _take(self, subject, event, is_pending):
        place = (subject, self.known.begun[event.session].policy, is_pending)
        was_counted = event.session in self._places
        self._places[event.session] = place
        self._counts[place] += 1
        if event.type == "session.transferred":
            self._owed[subject] = (place, event)
        elif not was_counted:
            self._check(place, event)

    def _check(self, place, event):
        limit = self._limit(place[1])
        if limit and self._counts[place] > limit:
            count = self._counts[place]
            self.fail(f"{count} of {limit} under {place[1]} at {event.id}, {event.type} of {event.session}")

    def finish(self):
        for owed in self._owed.values():
            self._check(*owed)
