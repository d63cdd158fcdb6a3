"""Counts what each operation of sojourn-microbenchmarks takes, in instructions and allocations, and compares that with
thresholds.json. Run by deploy/local/microbench.

Each operation runs under callgrind twice, a different number of times. The difference of the counts, divided by the difference of
the numbers, is what one operation takes: starting the program and preparing the input cancel out.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parents[1])]

import junit

THRESHOLDS = pathlib.Path(__file__).with_name("thresholds.json")
FEW, MANY = 100, 500  # runs of an operation
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign", "valloc"}
# How much more than recorded an operation may take: instructions by this fraction, allocations not at all. Counts of the same code
# differ by less than a thousandth; the rest is room for other processors and for patch releases of dependencies.
TOLERANCE = 0.03
ELSEWHERE = 0.20  # with another compiler, C library, valgrind or processor than they were recorded with: both by this fraction
SECONDS = 300  # for one run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for callgrind's files")
    parser.add_argument("--swift", required=True, help="the compiler's version")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--xunit-output", type=pathlib.Path, help="write a JUnit report, in which each operation is a test")
    arguments = parser.parse_args()

    names = output(arguments.binary).split()
    recorded = json.loads(THRESHOLDS.read_text(encoding="utf-8")) if THRESHOLDS.exists() else {}
    thresholds = recorded.get("operations", {})
    here = surroundings(arguments.swift)
    errors = {}  # by operation
    if arguments.only:
        wanted = arguments.only.split(",")
        if unknown := [name for name in wanted if name not in names]:
            sys.exit(f"error: there is no operation {', '.join(unknown)}; there are: {', '.join(names)}")
    else:
        wanted = names
        if not arguments.record:
            errors |= {name: [f"{name} has no threshold"] for name in names if name not in thresholds}
            errors |= {
                name: [f"{name} has a threshold, but there is no such operation"] for name in thresholds if name not in names}

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = dict(zip(wanted, pool.map(lambda name: measure(arguments.binary, arguments.folder, name), wanted)))
    if arguments.record:
        record(measured, thresholds, names, here)
        return
    tolerance = TOLERANCE if recorded.get("recordedWith") == here else ELSEWHERE
    hints = compare(measured, thresholds, tolerance, errors)
    if tolerance == ELSEWHERE:
        print(f"    note: recorded with {spoken(recorded.get('recordedWith', {}))}; this is {spoken(here)}. "
              f"Therefore {ELSEWHERE:.0%} more are tolerated.")
    for name in hints:
        print(f"    hint: {name} takes less than recorded; to keep it so: deploy/local/microbench --record --only {name}")
    for error in itertools.chain.from_iterable(errors.values()):
        print(f"error: {error}", file=sys.stderr)
    if arguments.xunit_output:
        found = {name: "; ".join(errors.get(name, [])) or None for name in sorted(measured.keys() | errors.keys())}
        junit.write(arguments.xunit_output, "micro-benchmarks", found)
    if errors:
        sys.exit("error: if that is intended, record the thresholds anew: deploy/local/microbench --record")


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(binary, folder, name):
    """Instructions, rounded, and allocations, to a tenth, of one operation."""
    few, many = (count(binary, folder / f"{name}.{runs}", name, runs) for runs in (FEW, MANY))
    instructions, allocations = ((later - earlier) / (MANY - FEW) for earlier, later in zip(few, many))
    return {"instructions": round(instructions), "allocations": round(allocations, 1)}


def count(binary, file, name, runs):
    """All instructions and allocations of the program."""
    # Hashing must be the same in every run. Nothing else of the environment matters, and some of it would.
    environment = {"PATH": os.environ["PATH"], "SWIFT_DETERMINISTIC_HASHING": "1"}
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file}", binary, name, str(runs)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    if result.returncode != 0:
        sys.exit(f"error: {name} failed:\n{result.stdout}{result.stderr}")
    return totals(file.read_text(encoding="utf-8", errors="replace"))


def totals(profile):
    """The sums of a file of callgrind's, whose format its manual describes in section 3.1: names are given once, with a number,
    and by the number afterwards."""
    names, callee, instructions, allocations = {}, None, None, 0
    for line in profile.splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, name = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line).groups()
            if name:
                names[number] = name
            callee = number
        elif line.startswith("calls=") and names.get(callee, "").removeprefix("__libc_") in ALLOCATORS:
            allocations += int(line[len("calls="):].split()[0])
        elif line.startswith("totals: "):
            instructions = int(line.split()[1])
    if instructions is None:
        sys.exit("error: callgrind left no total")
    return instructions, allocations


def surroundings(swift):
    """What the counts depend on besides the code."""
    return {
        "swift": swift,
        "libc": " ".join(platform.libc_ver()),
        "valgrind": output("valgrind", "--version").removeprefix("valgrind-"),
        "processor": platform.machine() + (" with AVX2" if has_avx2() else ""),
    }


def has_avx2():
    """Whether the processor has the newest instructions that valgrind knows: the C library and BoringSSL choose by it."""
    information = pathlib.Path("/proc/cpuinfo")
    return information.exists() and "avx2" in information.read_text(encoding="utf-8").split()


def spoken(where):
    return ", ".join(f"{key} {value}" for key, value in where.items()) or "nothing"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# --- comparing -------------------------------------------------------------------------------------------------------


def compare(measured, thresholds, tolerance, errors):
    """Prints a table, adds to the errors, and returns the names of the operations that take less than recorded."""
    hints = []
    print(f"    {'operation':24} {'instructions':>12} {'recorded':>9} {'':>7} {'allocations':>12} {'recorded':>9}")
    for name, new in measured.items():
        old = thresholds.get(name)
        if old is None:
            print(f"    {name:24} {new['instructions']:12} {'':>9} {'':>7} {new['allocations']:12}")
            continue
        change = new["instructions"] / old["instructions"] - 1
        print(f"    {name:24} {new['instructions']:12} {old['instructions']:9} {change:+7.1%} "
              f"{new['allocations']:12} {old['allocations']:9}")
        more = new["allocations"] - old["allocations"]
        slack = old["allocations"] * tolerance if tolerance == ELSEWHERE else 0
        found = []
        if change > tolerance:
            found.append(f"{name} takes {new['instructions']} instructions, {change:.1%} more than recorded")
        if more > slack + 0.05:  # half of the last digit
            found.append(f"{name} takes {new['allocations']} allocations, {more:.1f} more than recorded")
        if found:
            errors.setdefault(name, []).extend(found)
        if change < -tolerance or more < -slack - 0.05:
            hints.append(name)
    return hints


def record(measured, thresholds, names, here):
    operations = {name: measured.get(name) or thresholds[name] for name in names if name in measured or name in thresholds}
    lines = [f"        {json.dumps(name)}: {json.dumps(operations[name])}" for name in operations]
    text = "{\n" + f'    "recordedWith": {json.dumps(here)},\n' + '    "operations": {\n' + ",\n".join(lines) + "\n    }\n}\n"
    THRESHOLDS.write_text(text, encoding="utf-8")
    print(f"    Recorded {len(measured)} operations in {THRESHOLDS}.")


main()
