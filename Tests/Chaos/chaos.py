#!/usr/bin/env python3
"""Disturbs a RabbitMQ, a Redis and two workers under load, and judges what was recorded. See docs/chaos.md."""

import argparse
import os
import pathlib
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "ConformanceTests"), str(TESTS)]

import junit
from arrangements import ARRANGEMENTS
from faults import FAULTS
from history import Recorder
from installation import LIMITS
from judge import Judge
from load import Load
from monitor import Monitor
from rules import RULES
from workload import Workload

SHORT_SECONDS = 34  # of disturbance: with the start of the servers and the end, a round takes a minute
CALM_SECONDS = (0.3, 1.0)
SETTLE_SECONDS = 90
# Behind a fault: how long a worker may take to be ready, and an outage to be noticed.
READY_SECONDS, UNREADY_SECONDS = 60, 30
LOG_BYTES = 5000  # of a worker that has failed
RECOVERY_SECONDS = 2.0  # the target, from the moment that a restarted server accepts connections


@dataclass
class Strike:
    begin: float
    held: float
    answered: int
    resent: int
    longest: float
    # From the end of the fault, or from the moment that a restarted server accepts connections, to the first answer.
    recovery: float | None
    # From the same moment until everything was answered that had been sent by then.
    settled: float | None
    unready: float | None
    problems: list = field(default_factory=list)


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        self.judge = Judge()
        self.recorder = Recorder(options.history or folder / "history.jsonl", self.judge.observe)
        self.recorder.write("setup", limits=LIMITS, answerSeconds=options.answer_seconds)
        self.installation = ARRANGEMENTS[options.topology](options.binaries, folder, settings=options.setting)
        self.monitor = Monitor(self.installation.places)
        self.load = Load(self.installation.amqp_url, self.recorder, Workload(options.seed), options.rate,
            self.installation.queue_arguments)
        self.strikes = defaultdict(list)
        self.problems = []

    # --- faults ----------------------------------------------------------------------------------------------------

    def kinds(self):
        """The faults to draw from, each as often as the others."""
        chosen = [FAULTS[name] for name in self.options.only] or [
            each for each in FAULTS.values() if each.is_quick or not self.options.short]
        return [each for each in chosen if each.needs <= self.installation.offers]

    def run(self):
        self.load.await_connected()
        self.load.is_paused = False
        deadline = time.monotonic() + (SHORT_SECONDS if self.options.short else self.options.minutes * 60)
        turn = []
        while time.monotonic() < deadline:
            if not turn:
                turn = self.kinds()
                self.random.shuffle(turn)
            time.sleep(self.random.uniform(*CALM_SECONDS))
            fault = turn.pop()(self.installation, self.load, self.random)
            self.strike(fault)

    def strike(self, fault):
        load = self.load
        place, begin = len(load.answers), time.monotonic()
        line = {"name": fault.name} | ({"loses": fault.loses} if fault.loses else {})
        self.recorder.write("fault", phase="begins", **line)
        try:
            self.hold(fault)
        except Exception as error:  # a worker that has exited, or a server that does not answer
            fault.problems.append(f"{type(error).__name__}: {str(error)[:2000]}")
        self._await(lambda: fault.serves, READY_SECONDS, f"{fault.name}: what was restarted does not serve", 0.01)
        end = time.monotonic()
        self.recorder.write("fault", phase="ends", **line)
        if fault.loses_writes and self.installation.is_lossy:
            self.recorder.write("lost")
        first = load.await_answer_after(end, SETTLE_SECONDS)
        problems, settled = list(fault.problems), None
        if first is None:
            problems.append(f"nothing was answered within {SETTLE_SECONDS} s")
        elif load.await_answered(end, SETTLE_SECONDS):
            settled = time.monotonic() - end
        else:
            problems.append(f"some commands were not answered within {SETTLE_SECONDS} s")
        for each in self.installation.places:
            if not each.worker.running:
                problems.append(
                    f"{each.worker.name} exited with {each.worker.process.returncode}:\n{each.worker.log[-LOG_BYTES:]}")
                each.start()
        for each in fault.places:
            if not self._await(lambda each=each: each.readiness == 200, READY_SECONDS, None, 0.1):
                problems.append(f"{each.worker.name} is not ready after {READY_SECONDS} s")
        answers = load.answers[place:]
        unready = [self.monitor.unready_after(each, begin) for each in fault.places]
        if fault.is_outage and None in unready and end - begin > UNREADY_SECONDS / 5:
            problems.append(f"/readyz never said that the server is gone, though it was for {end - begin:.1f} s")
        strike = Strike(
            begin=begin, held=end - begin, answered=len(answers), resent=sum(each.sent - 1 for each in answers),
            longest=max((each.at - each.first_at for each in answers), default=0.0),
            recovery=None if first is None else first - end, settled=settled,
            unready=max((each for each in unready if each is not None), default=None), problems=problems)
        self.strikes[fault.name].append(strike)
        self.problems += [f"{fault.name}: {each}" for each in problems]
        if self.options.verbose:
            print(
                f"{self.recorder.now:7.1f} s  {fault.name:26} {strike.held:5.1f} s, then {_seconds(strike.recovery)} to "
                f"the first answer, {_seconds(strike.settled)} to all, longest wait {strike.longest:.1f} s, "
                f"unready after {_seconds(strike.unready)} {'; '.join(problems)}", flush=True)

    def hold(self, fault):
        try:
            fault.begin()
            until = time.monotonic() + self.random.uniform(*(fault.short if self.options.short else fault.long))
            while time.monotonic() < until:
                fault.during()
        finally:
            fault.end()

    def _await(self, condition, seconds, problem, pause):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                if problem:
                    self.problems.append(problem)
                return False
            time.sleep(pause)
        return True

    # --- the end ---------------------------------------------------------------------------------------------------

    def finish(self):
        load = self.load
        load.is_paused = True
        if not load.await_answered(float("inf"), SETTLE_SECONDS):
            self.problems.append(f"{load.outstanding} commands have no answer {SETTLE_SECONDS} s after the end")
        # What was left to the relay, and mass revocations, come behind the answers.
        left = self.installation.left(SETTLE_SECONDS)
        load.await_quiet(30)
        self.recorder.write("final")
        load.ask(load.workload.questions())
        if not load.await_answered(float("inf"), SETTLE_SECONDS):
            self.problems.append("the questions at the end were not all answered")
        load.await_quiet(30)
        left = self.installation.left(SETTLE_SECONDS)
        self.recorder.write("left", **left)
        statuses = self.stop()
        if set(statuses) != {0}:
            logs = "\n".join(each.worker.log[-LOG_BYTES:] for each in self.installation.places)
            self.problems.append(f"SIGTERM at the end: the workers exited with {statuses}:\n{logs}")
        if self.monitor.most_mebibytes > self.options.mebibytes:
            self.problems.append(
                f"a worker held {self.monitor.most_mebibytes:.0f} MiB, more than {self.options.mebibytes}")
        self.recorder.close()
        return self.judge.finish()

    def stop(self):
        """Ends everything, also in the middle of a fault; returns how the workers exited."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with ExitStack() as stack:
            stack.callback(self.monitor.stop)
            stack.callback(self.load.close)
            return self.installation.stop()

    def summary(self, verdict):
        yield f"{'fault':26} times    held  answered  again  longest wait  first answer  all answered  verdict"
        for name, strikes in sorted(self.strikes.items()):
            problems = [problem for each in strikes for problem in each.problems]
            yield (
                f"{name:26} {len(strikes):5} {sum(each.held for each in strikes):6.1f}s "
                f"{sum(each.answered for each in strikes):9} {sum(each.resent for each in strikes):6} "
                f"{max(each.longest for each in strikes):12.1f}s {_middle(each.recovery for each in strikes):>13} "
                f"{_middle(each.settled for each in strikes):>13}  {problems[0] if problems else 'kept'}")
        yield "(first answer, all answered: median and longest, since the fault has ended or a server serves again)"
        for what in ("recovery", "settled"):
            restarted = [
                getattr(each, what) for name, strikes in self.strikes.items() if FAULTS[name].restarts
                for each in strikes if getattr(each, what) is not None]
            if restarted:
                late = sum(each > RECOVERY_SECONDS for each in restarted)
                which = "first" if what == "recovery" else "last"
                yield (
                    f"after {len(restarted)} restarts of a server the {which} answer came after "
                    f"{statistics.median(restarted):.2f} s (median), {max(restarted):.2f} s (longest); "
                    f"{late} of them after more than {RECOVERY_SECONDS:.0f} s")
        yield f"the largest worker held {self.monitor.most_mebibytes:.0f} MiB"
        yield ""
        yield from verdict.summary()
        for problem in self.problems:
            yield f"problem: {problem}"
        yield f"seed {self.options.seed}: {'kept' if self.is_kept(verdict) else 'BROKEN'}"

    def outcomes(self, verdict):
        """By each fault and each rule, how it failed, or None; and what went wrong besides."""
        found = {f"fault: {name}": [problem for each in strikes for problem in each.problems]
                 for name, strikes in self.strikes.items()}
        for rule in RULES:
            found[f"rule: {rule.name}"] = [str(each) for each in verdict.violations if each.rule == rule.name]
        found["all in all"] = self.problems
        return {name: "; ".join(problems) or None for name, problems in found.items()}

    def is_kept(self, verdict):
        return verdict.holds and not self.problems


def _seconds(value):
    return "never" if value is None else f"{value:.2f} s"


def _middle(values):
    """The median and the longest."""
    values = [each for each in values if each is not None]
    return f"{statistics.median(values):.2f}/{max(values):.2f}s" if values else "never"


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    return name, value


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="deploy/local/chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a round of a minute with the quick faults, as in CI")
    parser.add_argument("--minutes", type=float, default=10, help="how long to disturb, without --short (default: 10)")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", choices=sorted(FAULTS))
    parser.add_argument("--topology", choices=sorted(ARRANGEMENTS), default="single", help="of RabbitMQ and Redis")
    parser.add_argument("--list", action="store_true", help="list the faults")
    parser.add_argument("--seed", type=int, default=None, help="which faults, when, and what is sent; drawn if absent")
    parser.add_argument("--rate", type=float, default=150, help="commands per second (default: 150)")
    parser.add_argument("--answer-seconds", type=float, default=30, help="how long an answer may take in calm")
    parser.add_argument("--mebibytes", type=int, default=150, help="what a worker may hold (default: 150)")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", type=_setting,
                        help="a variable of the workers' environment; may be repeated")
    parser.add_argument("--other", metavar="FILE", help="what the second worker runs: a worker of another version")
    parser.add_argument("--history", type=pathlib.Path, help="where to write the history")
    parser.add_argument("--folder", type=pathlib.Path,
                        help="where servers and workers keep files and logs (default: a temporary one)")
    parser.add_argument("--xunit-output", type=pathlib.Path, metavar="FILE",
                        help="also write a JUnit report, in which each fault and each rule is a test")
    parser.add_argument("--verbose", action="store_true", help="a line for each strike, as it happens")
    options = parser.parse_args(arguments)
    options.seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    options.binaries = [each for each in (os.environ.get("SOJOURN_BIN"), options.other) if each]
    return options


def main(arguments):
    options = parsed(arguments)
    if options.list:
        for fault in FAULTS.values():
            print(f"{fault.name:26} {fault.sentence}{'' if fault.is_quick else ' (not in a short round)'}")
        return 0
    # So that everything ends with this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not os.environ.get("SOJOURN_BIN"):
        sys.exit("error: SOJOURN_BIN is not set. deploy/local/chaos sets it; run that instead.")
    with tempfile.TemporaryDirectory(prefix="sojourn-chaos-", ignore_cleanup_errors=True) as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        chaos = Chaos(options, folder)
        try:
            chaos.run()
            verdict = chaos.finish()
        except BaseException:
            chaos.stop()
            raise
        print(*chaos.summary(verdict), sep="\n")
        if options.xunit_output:
            junit.write(options.xunit_output, "chaos", chaos.outcomes(verdict))
        return 0 if chaos.is_kept(verdict) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
