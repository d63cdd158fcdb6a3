"""What both kinds of mutants have in common: running tests until the first fails, and saying who survived."""

import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[1])]

import junit

ROOT = pathlib.Path(__file__).parents[2]
# Where the build with tests is: deploy/local/test has another one for sanitizers.
SCRATCH = pathlib.Path(os.environ.get("SOJOURN_TEST_SCRATCH", ROOT / ".build"))
MOST_MEMORY = 8 << 30  # bytes: what appends for ever ends before the machine does
EXPLAINED = json.loads((pathlib.Path(__file__).parent / "survivors.json").read_text(encoding="utf-8"))


class Mutant:
    def __init__(self, number, path, line, text, change):
        self.number = number
        self.path = path
        self.line = line
        self.text = text  # the line as it is
        self.change = change

    def __str__(self):
        return f"{self.number} {self.path.name}:{self.line}: {self.change}"

    @property
    def reason(self):
        """Why it is no fault that this one survives, if somebody has said so."""
        for each in EXPLAINED:
            if (each["file"], each["line"], each["change"]) == (self.path.name, self.text, self.change):
                return each["reason"]
        return None


def pass_(command, environment, seconds, show=False):
    """Whether tests pass. The first that fails is enough, and what does not end has failed."""
    # Whoever writes the backtrace of a crash would outlive the process, and keep its output open.
    environment = os.environ | {"SWIFT_BACKTRACE": "enable=no"} | environment
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    done = threading.Event()
    guard = threading.Thread(target=_end_if_excessive, args=(process, seconds, done))
    guard.start()
    try:
        for line in process.stdout:
            if show:
                print(line[:300].rstrip())
            if "\u2718" in line[:12]:
                return False
        return process.wait() == 0
    finally:
        done.set()
        guard.join()
        process.kill()
        process.wait()


def _end_if_excessive(process, seconds, done):
    """Resident memory is what counts: the thread sanitizer reserves terabytes of addresses."""
    deadline = time.monotonic() + seconds
    while not done.wait(0.1):
        try:
            pages = int(pathlib.Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
        except OSError:
            return  # it has ended
        if time.monotonic() > deadline or pages * resource.getpagesize() > MOST_MEMORY:
            process.kill()
            return


def add_options(parser):
    parser.add_argument("--list", action="store_true", help="show the mutants, and run none")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run this one, and show what its tests say")
    parser.add_argument("--sample", type=int, metavar="N", help="run so many of them, in random order")
    parser.add_argument("--seed", default="1", help="which ones a sample has, and in which order (default: 1)")
    parser.add_argument("--seconds", type=int, help="begin no other mutant after so many seconds")
    parser.add_argument("--xunit-output", metavar="FILE", help="write a report, as swift test does")


def chosen(mutants, arguments):
    if arguments.only is not None:
        return [each for each in mutants if each.number == arguments.only]
    if arguments.sample is None:
        return mutants
    return random.Random(arguments.seed).sample(mutants, min(arguments.sample, len(mutants)))


def require_current(mutants):
    """Stops if survivors.json explains a mutant of these files that there is not: its line was changed, or has gone."""
    known = {(each.path.name, each.text, each.change) for each in mutants}
    suffixes = {each.path.suffix for each in mutants}
    stale = [
        f"    {each['file']}: {each['line']}: {each['change']}"
        for each in EXPLAINED
        if pathlib.Path(each["file"]).suffix in suffixes and (each["file"], each["line"], each["change"]) not in known
    ]
    if stale:
        sys.exit("\n".join(["error: survivors.json explains what is no mutant any more:", *stale]))


def report(mutants, survives, arguments, least=0.95):
    """Runs them; fails if one survives that survivors.json does not explain.

    Of all of them at least the part `least` must be killed, explained or not.
    """
    begin, outcomes = time.monotonic(), {}
    killed = explained = 0
    for each in mutants:
        if arguments.seconds and time.monotonic() - begin > arguments.seconds:
            break
        outcomes[str(each)] = None
        if not survives(each):
            killed += 1
            print(f"killed    {each}", flush=True)
        elif each.reason:
            explained += 1
            print(f"no fault  {each} ({each.reason})", flush=True)
        else:
            outcomes[str(each)] = "no test fails, and survivors.json gives no reason"
            print(f"SURVIVES  {each}\n              {each.text}", flush=True)
    count = len(outcomes)
    faults = count - killed - explained
    if arguments.xunit_output:
        junit.write(arguments.xunit_output, "mutants", outcomes)
    print(f"{count} mutants: {killed} killed, {explained} survive and are no fault, {faults} survive")
    if arguments.sample is not None:
        print(f"They are of the {len(mutants)} that the seed {arguments.seed} selects.")
        least = 0
    sys.exit(0 if not faults and killed >= least * count else 1)
