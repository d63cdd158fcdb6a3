"""What tokens may do (contract §6, §10.4)."""

from collections import defaultdict
from dataclasses import dataclass

import contract
from rules.rule import Rule


@dataclass
class Lock:
    sent: int
    replied: int


class ValidAfterRevocation(Rule):
    """The order of lines is the order of real time: whatever was sent behind the reply to a revocation is later."""

    name = "valid-after-revocation"
    promise = "§10.4: behind the reply to a revocation or a lock, no validate or refresh succeeds"

    def __init__(self, judge):
        super().__init__(judge)
        self._ended = {}  # session to the line of the first reply that reports its end
        self._locked = {}
        self._unlocks = defaultdict(list)  # subject, or session, to the unlocks that may still take effect
        self._last_unlock = {}
        self._mass = defaultdict(int)  # tenant to the line at which the latest answered mass revocation was sent
        self._mass_when_sent = {}

    def on_sent(self, attempt):
        if attempt.command == "session.unlock":
            place = attempt.body.get("sessionId") or attempt.body.get("subject")
            self._unlocks[place].append(attempt.n)
        elif attempt.command in ("session.validate", "session.refresh") and attempt.first is attempt:
            self._mass_when_sent[attempt.n] = dict(self._mass)

    def on_replied(self, attempt, line):
        result, here = line["result"], self.judge.line
        for session in contract.ended_by(attempt.command, result):
            self._ended.setdefault(session, here)
        if result["status"] != "succeeded":
            return
        data = result["data"]
        match attempt.command:
            case "session.revoke" if data.get("pending") and contract.is_mass_revocation(attempt.body):
                if not set(attempt.body) & {"begunBefore", "deviceId", "policy", "network"}:
                    tenant = attempt.body.get("tenant", "default")
                    self._mass[tenant] = max(self._mass[tenant], attempt.first.line)
            case "session.lock":
                for session in data["sessions"]:
                    self._locked[session] = Lock(attempt.first.line, here)
            case "session.unlock":
                place = attempt.body.get("sessionId") or attempt.body.get("subject")
                if attempt.n in self._unlocks[place]:
                    self._unlocks[place].remove(attempt.n)
                self._last_unlock[place] = here
            case "session.validate" if data["valid"]:
                self._check(attempt, data["session"])
            case "session.refresh":
                self._check(attempt, data["session"])

    def _check(self, attempt, session):
        # A refresh that is sent again gets its first result again, whatever happened since.
        sent = attempt.first.line if contract.changes_state(attempt.command) else attempt.line
        ended = self._ended.get(session["id"])
        if ended is not None and ended < sent:
            self.fail(f"{attempt.n} {attempt.command}, though line {ended} reports the end of {session['id']}")
        begun = self.known.begun.get(session["id"])
        mass = self._mass_when_sent.get(attempt.first.n, {}).get(session["tenant"], 0)
        if begun and begun.line < mass:
            self.fail(f"{attempt.n} {attempt.command}: {session['id']} ended with all, in line {mass}")
        lock = self._locked.get(session["id"])
        if lock and lock.replied < sent and not self._may_be_unlocked(session, lock):
            self.fail(f"{attempt.n} {attempt.command}, though line {lock.replied} locks {session['id']}")

    def _may_be_unlocked(self, session, lock):
        places = (session["id"], session["subject"], session.get("parentId"))
        return any(self._unlocks.get(each) or self._last_unlock.get(each, 0) > lock.sent for each in places)


class SecondSuccessor(Rule):
    name = "second-successor"
    promise = "§6: a refresh token has one successor"

    def __init__(self, judge):
        super().__init__(judge)
        self._successors = {}

    def on_replied(self, attempt, line):
        successor = contract.tokens_of(line["result"]).get("refresh")
        if attempt.command != "session.refresh" or successor is None:
            return
        first = self._successors.setdefault(attempt.body["refreshToken"], (successor, attempt.n))
        if first[0] != successor:
            self.fail(f"one by {first[1]} and another by {attempt.n}, of {contract.session_of(line['result'])}")
