"""What both kinds of mutants have in common: running tests until the first fails, and saying who survived."""

import json
import os
import pathlib
import random
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).parents[2]
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
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    overdue = threading.Timer(seconds, process.kill)
    overdue.start()
    try:
        for line in process.stdout:
            if show:
                print(line[:300].rstrip())
            if "\u2718" in line[:12]:
                return False
        return process.wait() == 0
    finally:
        overdue.cancel()
        process.kill()
        process.wait()


def add_options(parser):
    parser.add_argument("--list", action="store_true", help="show the mutants, and run none")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run this one, and show what its tests say")
    parser.add_argument("--sample", type=int, metavar="N", help="run so many of them")
    parser.add_argument("--seed", type=int, default=1, help="which ones a sample has (default: 1)")


def chosen(mutants, arguments):
    if arguments.only is not None:
        return [each for each in mutants if each.number == arguments.only]
    if arguments.sample is None:
        return mutants
    sample = random.Random(arguments.seed).sample(mutants, min(arguments.sample, len(mutants)))
    return sorted(sample, key=lambda each: each.number)


def report(mutants, survives, least):
    """Runs them; fails if a smaller part than `least` is killed, of those whose survival is not explained."""
    killed = explained = 0
    for each in mutants:
        if not survives(each):
            killed += 1
            print(f"killed    {each}", flush=True)
        elif each.reason:
            explained += 1
            print(f"no fault  {each} ({each.reason})", flush=True)
        else:
            print(f"SURVIVES  {each}", flush=True)
    faults = len(mutants) - killed - explained
    print(f"{len(mutants)} mutants: {killed} killed, {explained} survive and are no fault, {faults} survive")
    sys.exit(0 if killed >= least * (killed + faults) else 1)
