"""What is left over, and what was set aside (contract §5, §10.7)."""

import contract
from rules.rule import Rule


class NotQuarantined(Rule):
    name = "not-quarantined"
    promise = "§10.7: bad input is kept in quarantine"

    def __init__(self, judge):
        super().__init__(judge)
        self._answered = {}
        self._kept = set()

    def on_replied(self, attempt, line):
        # Of unknown commands, which anybody can send, only some are kept.
        code = contract.code(line["result"])
        if attempt.expect in contract.QUARANTINED_CODES - {"unknown_command"} and code == attempt.expect:
            self._answered[attempt.n] = attempt

    on_copied = on_replied

    def on_quarantined(self, attempt, _line):
        self._kept.add(attempt.n)

    def finish(self):
        for n, attempt in self._answered.items():
            if n not in self._kept:
                self.fail(f"{n} {attempt.command}, {attempt.expect}")


class WrongQuarantine(Rule):
    name = "wrong-quarantine"
    promise = "§10.7: nothing else is in quarantine"

    def on_quarantined(self, attempt, line):
        reason = line["reason"]
        if reason == "internal" and self.judge.setup.get("mayGiveUp"):
            return
        if attempt.expect != reason:
            self.fail(f"{attempt.n} {attempt.command}: {reason}")


class LeftOver(Rule):
    name = "left-over"
    promise = "liveness: in the end nothing waits in a queue, an outbox or a mass revocation"

    def on_left(self, line):
        for queue, count in line.get("queues", {}).items():
            if count:
                self.fail(f"{count} messages in {queue}")
        if line.get("outbox"):
            self.fail(f"{line['outbox']} events in outboxes")
        if line.get("revocations"):
            self.fail(f"{line['revocations']} mass revocations stand")
