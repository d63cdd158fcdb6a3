#!/usr/bin/env python3
"""Judges recorded histories (see history.py): python3 Tests/Chaos/judge.py HISTORY...

Each rule of rules/ is a promise of docs/contract.md; it looks at the lines it cares about, once, in order, and at the
end says what was broken. So judging takes time in proportion to the history.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field

import history
from known import Known
from rules import RULES


@dataclass
class Attempt:
    """A command as it was sent once."""

    n: int
    line: int
    at: float
    command: str
    body: dict
    id: str | None
    trace: str | None
    expect: str | None
    mute: bool
    first: "Attempt | None" = None  # the first with the same id, command and body; itself, if it is the first

    @property
    def key(self):
        """What has one effect at most: the message, or the attempt itself where it has no id."""
        return self.id if self.id is not None else self.n


@dataclass(frozen=True)
class Violation:
    rule: str
    detail: str

    def __str__(self):
        return f"{self.rule}: {self.detail}"


@dataclass
class Verdict:
    violations: list
    counts: Counter
    longest_wait: float
    was_lossy: bool
    by_rule: Counter = field(init=False)

    def __post_init__(self):
        self.by_rule = Counter(each.rule for each in self.violations)

    @property
    def holds(self):
        return not self.violations

    def summary(self, examples=5):
        seen = self.counts
        yield (
            f"{seen['sent']} commands sent ({seen['messages']} different), {seen['replied']} replies, "
            f"{seen['copied']} results, {seen['event']} events, {seen['quarantined']} in quarantine; "
            f"longest wait while nothing was wrong {self.longest_wait:.1f} s"
        )
        if self.was_lossy:
            yield "Redis lost acknowledged writes: only what holds nevertheless was judged."
        for rule in RULES:
            found = [each for each in self.violations if each.rule == rule.name]
            yield f"  {'broken' if found else 'holds ':6}  {rule.name:24} {rule.promise}"
            for each in found[:examples]:
                yield f"            {each.detail}"
            if len(found) > examples:
                yield f"            … and {len(found) - examples} more"


class Judge:
    def __init__(self):
        self.attempts = {}
        self.first_of = {}  # message id, command and body to the first attempt
        self.line = 0
        self.at = 0.0
        self.setup = {"limits": {}, "answerSeconds": 60}
        self.is_final = False
        self.was_lossy = False
        self.counts = Counter()
        self.longest_wait = 0.0
        self.violations = []
        self.known = Known(self)
        self.rules = [rule(self) for rule in RULES]
        self._handlers = {}

    def fail(self, rule, detail):
        self.violations.append(Violation(rule.name, detail))

    def observe(self, line):
        self.line += 1
        self.at = line["at"]
        kind = line["kind"]
        self.counts[kind] += 1
        match kind:
            case "setup": self.setup |= line
            case "final": self.is_final = True
            case "lost": self.was_lossy = True
            case "event": self.known.note_event(line["event"])
            case "sent":
                attempt = self._attempt(line)
                self.known.note_renewal(attempt)
                return self._tell("sent", attempt)
            case "confirmed" | "quarantined": return self._of_attempt(kind, line)
            case "replied" | "copied": return self._of_attempt(kind, line, self._settle)
        return self._tell(kind, line)

    def _of_attempt(self, kind, line, before=lambda attempt, line: None):
        # What others send at the same broker is not judged.
        attempt = self.attempts.get(line["n"])
        if attempt is not None:
            before(attempt, line)
            self._tell(kind, attempt, line)

    def _settle(self, attempt, line):
        result = line["result"]
        self.known.learn_tokens(result)
        if self.known.is_news(attempt, result):
            self._tell("settled", attempt, result)

    def _attempt(self, line):
        attempt = Attempt(
            n=line["n"], line=self.line, at=line["at"], command=line["command"], body=line.get("body") or {},
            id=line.get("id"), trace=line.get("trace"), expect=line.get("expect"), mute=bool(line.get("mute")))
        self.attempts[attempt.n] = attempt
        if attempt.id is None:
            attempt.first = attempt
        else:
            said = (attempt.id, attempt.command, repr(attempt.body))
            attempt.first = self.first_of.setdefault(said, attempt)
        if attempt.first is attempt:
            self.counts["messages"] += 1
        return attempt

    def _tell(self, kind, *arguments):
        handlers = self._handlers.get(kind)
        if handlers is None:
            found = (getattr(rule, f"on_{kind}", None) for rule in self.rules)
            handlers = self._handlers[kind] = [each for each in found if each]
        for handle in handlers:
            handle(*arguments)

    def finish(self):
        for subject, event in self.known.told_in_order():
            self._tell("told", subject, event)
        for rule in self.rules:
            rule.finish()
        violations = self.violations
        if self.was_lossy:
            sturdy = {rule.name for rule in RULES if rule.survives_loss}
            violations = [each for each in violations if each.rule in sturdy]
        return Verdict(violations, self.counts, self.longest_wait, self.was_lossy)


def judge(lines):
    judge = Judge()
    for line in lines:
        judge.observe(line)
    return judge.finish()


def main(paths):
    if not paths:
        sys.exit(__doc__)
    broken = 0
    for path in paths:
        verdict = judge(history.read(path))
        broken += not verdict.holds
        if len(paths) == 1:
            print(*verdict.summary(), sep="\n")
        elif not verdict.holds:
            print(path, *(f"  {each}" for each in verdict.violations[:10]), sep="\n")
    if len(paths) > 1:
        print(f"{len(paths)} histories, {broken} with violations")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
