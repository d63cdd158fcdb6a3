"""Commands, their results and their answers (contract §2, §4, §10.1, §10.2)."""

import contract
from rules.rule import Rule


class LostCommand(Rule):
    name = "lost-command"
    promise = "§10.1: a state-changing command that the broker took has a result on N.results"

    def __init__(self, judge):
        super().__init__(judge)
        self._confirmed = {}
        self._copied = set()
        self._thrown_away = {}

    def on_confirmed(self, attempt, _line):
        if contract.changes_state(attempt.command):
            self._confirmed[attempt.n] = attempt

    def on_copied(self, attempt, _line):
        self._copied.add(attempt.n)

    def on_quarantined(self, attempt, line):
        # Nothing else is published for a command that is given up.
        if line["reason"] == "internal":
            self._copied.add(attempt.n)

    def on_fault(self, line):
        if line.get("loses"):
            self._thrown_away[line["loses"]] = self.judge.line

    def finish(self):
        for n, attempt in self._confirmed.items():
            until = self._thrown_away.get(contract.queue(attempt.command), 0)
            if n not in self._copied and attempt.line > until:
                self.fail(f"{n} {attempt.command}, sent at {attempt.at}")


class SecondEffect(Rule):
    name = "second-effect"
    promise = "§10.2: one message_id has one effect"

    def __init__(self, judge):
        super().__init__(judge)
        self._keys = {}  # trace to the message
        self._seen = set()

    def on_sent(self, attempt):
        if attempt.trace and attempt.id and contract.changes_state(attempt.command):
            self._keys.setdefault(attempt.trace, attempt)

    def on_told(self, _subject, event):
        attempt = self._keys.get(event.trace)
        if attempt is None:
            return
        # One creation of whatever name; of everything else, one for each session.
        is_creation = attempt.command == "session.create" and event.type == "session.created"
        effect = (event.trace, event.type, None if is_creation else event.session)
        if effect in self._seen:
            self.fail(f"{event.type} of {event.session} a second time by {attempt.key}: {event.id}")
        self._seen.add(effect)


class OtherResult(Rule):
    name = "other-result"
    promise = "§2: the same message gets the first result again, tokens included"

    def __init__(self, judge):
        super().__init__(judge)
        self._replies = {}
        self._copies = {}

    def on_replied(self, attempt, line):
        self._compare(self._replies, attempt, line["result"])

    def on_copied(self, attempt, line):
        self._compare(self._copies, attempt, line["result"])

    def _compare(self, first, attempt, result):
        if attempt.id is None or not contract.changes_state(attempt.command) or not contract.is_final(result):
            return
        known = first.setdefault(attempt.first.n, repr(result))
        if known != repr(result):
            self.fail(f"{attempt.key} in {attempt.first.n} and {attempt.n}: {known[:200]} and {repr(result)[:200]}")


class NothingHappened(Rule):
    name = "nothing-happened"
    promise = "§4: what failed, and was not sent again with success, did nothing"

    def __init__(self, judge):
        super().__init__(judge)
        self._failed = {}
        self._told = {}

    def on_replied(self, attempt, line):
        if line["result"]["status"] == "failed" and attempt.trace:
            self._failed[attempt.trace] = attempt

    def on_told(self, _subject, event):
        if event.trace in self._failed:
            self._told.setdefault(event.trace, event)

    def finish(self):
        for trace, event in self._told.items():
            attempt = self._failed[trace]
            if attempt.first.n not in self.known.settled:
                self.fail(f"{attempt.key} {attempt.command} failed, but {event.id} tells {event.type}")


class Unanswered(Rule):
    name = "unanswered"
    promise = "liveness: every command is answered, soon after the last fault"

    def __init__(self, judge):
        super().__init__(judge)
        self._open = {}
        self._active = 0
        self._quiet_since = 0.0

    def on_fault(self, line):
        self._active += 1 if line["phase"] == "begins" else -1
        if self._active == 0:
            self._quiet_since = line["at"]

    def on_sent(self, attempt):
        if attempt.first is attempt:
            self._open[attempt.n] = attempt

    def on_replied(self, attempt, line):
        if not contract.is_retryable(line["result"]) or self.judge.setup.get("clientsGiveUp"):
            self._answered(attempt, line["at"])

    on_copied = on_replied

    def on_quarantined(self, attempt, line):
        if line["reason"] == "internal":
            self._answered(attempt, line["at"])

    def _answered(self, attempt, at):
        first = self._open.pop(attempt.first.n, None)
        if first is None or self._active:
            return
        waited = at - max(first.at, self._quiet_since)
        self.judge.longest_wait = max(self.judge.longest_wait, waited)
        if waited > self.judge.setup["answerSeconds"]:
            self.fail(f"{first.key} {first.command} waited {waited:.1f} s while nothing was wrong")

    def finish(self):
        for attempt in self._open.values():
            self.fail(f"{attempt.key} {attempt.command}, first sent at {attempt.at}")


class WrongCode(Rule):
    name = "wrong-code"
    promise = "§5: bad input is answered with its code, and good input is not"

    BAD = {
        "malformed_message", "unknown_command", "unsupported_media_type", "message_too_large", "message_id_required",
        "internal",
    }

    def __init__(self, judge):
        super().__init__(judge)
        self._reported = set()

    def on_replied(self, attempt, line):
        result = line["result"]
        code = contract.code(result)
        if contract.is_retryable(result) or code == "command_expired":
            return
        is_explained = code == "internal" and self.judge.setup.get("mayGiveUp")
        if attempt.expect in (None, "reuse"):
            # Which of two messages with one id comes first is not known.
            is_wrong = code in self.BAD and not is_explained
        else:
            is_wrong = code != attempt.expect and not is_explained
        if is_wrong and attempt.first.n not in self._reported:
            self._reported.add(attempt.first.n)
            expected = attempt.expect or "no such code"
            self.fail(f"{attempt.key} {attempt.command}: {code or result['status']}, expected {expected}")

    on_copied = on_replied
