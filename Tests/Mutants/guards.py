"""Removes guards that the promises of docs/contract.md, §10, rest on, one at a time, and runs the simulation, which should
notice: no promise counts as kept that is never seen to be broken.

All removals are in one build, of a copy of the project in `.build-mutants/guards`: each asks whether it is the one that runs.
Fails if one is not noticed within the seeds, or is noticed by nothing that checks its promise.
"""

import argparse
import os
import re
import subprocess
import sys

from mutants import ROOT

COPY = ROOT / ".build-mutants/guards"
PROGRAM = COPY / ".build/release/sojourn-simulate"
SECONDS = 600  # for one run
TRAP = "a precondition of the product does not hold"
# Without an import: that of the C library would bring names along that shadow those of the file.
SWITCH = """
@_silgen_name("getenv") private func variable(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar>?

private let removedGuard = variable("MUTANT").flatMap { Int(String(cString: $0)) } ?? 0

private func isRemoved(_ number: Int) -> Bool { removedGuard == number }
"""
# What is left out; where; the code as it is, and what it becomes, with {off} for "this one is left out"; and words of the checks
# one of which has to notice.
GUARDS = [
    ("an acknowledgement covers finished deliveries alone", "AcknowledgementWindow.swift",
     "while let first = entries.first, first.isFinished {", "while let first = entries.first, first.isFinished || {off} {", "acknowledged before everything"),
    ("a lost channel is no confirmation", "PublishRefusal.swift",
     "guard isChannelOpen else { throw error }", "if !isChannelOpen, {off} {\n refusals.append(nil)\n continue\n }\n guard isChannelOpen else { throw error }", "§10.1|§10.3"),
    ("the inbox is asked while deciding", "CommandDecider.swift",
     "if let result = loaded.results[message] {", "if !{off}, let result = loaded.results[message] {", "§10.2|liveness|reuse"),
    ("a message is committed once", "InMemoryContents.swift", "!isRepeated,", "{off} || !isRepeated,", "§10.2"),
    ("what is committed was decided on the latest revision", "InMemoryContents.swift",
     "guard stored.revision == commit.aggregate.revision,", "guard {off} || stored.revision == commit.aggregate.revision,", "§"),
    ("an event that was refused stays in the outbox", "Publication.swift",
     "if !left.isEmpty { references", "if !left.isEmpty, !{off} { references", "cleared from the outbox"),
    ("the relay publishes what was left", "Relay.swift",
     "events.append(Completion.PendingEvent(event: event, reference: entry.reference))",
     "if !{off} { events.append(Completion.PendingEvent(event: event, reference: entry.reference)) }", "§10.3|liveness"),
    ("an event that the relay could not publish stays in the outbox", "SweepMemory.swift",
     "case .refused(let reason): refusals.record(event.event.type, because: reason)",
     "case .refused(let reason):\n refusals.record(event.event.type, because: reason)\n if {off} { taken.append(event.reference) }", "cleared from the outbox"),
    ("a session that is reaped is ended", "Expire.swift",
     "        transaction.settleDeadlines()\n", "        if !{off} { transaction.settleDeadlines() }\n", "liveness"),
    ("validate refuses a revoked session", "Validate.swift",
     "case .revoked: (.revoked, .login)", "case .revoked: {off} ? nil : (.revoked, .login)", "§10.4"),
    ("a mass revocation concerns the sessions that there are", "MassRevocation.swift",
     "guard session.tenant == tenant else { return false }", "guard session.tenant == tenant, !{off} else { return false }", "§10.4"),
    ("the limit is the limit", "SessionLimit.swift",
     "- request.policy.maxSessions\n", "- request.policy.maxSessions - ({off} ? 1 : 0)\n", "§10.5"),
    ("a token that was replaced has one successor", "Refresh.swift",
     "salt: predecessor.salt)", "salt: {off} ? transaction.makeEntropy(count: 32) : predecessor.salt)", "§6|§10.2"),
    ("what is for everybody has no secrets", "ResultWriter.swift",
     "reply: reply ?? copy, copy: copy)", "reply: reply ?? copy, copy: {off} ? reply ?? copy : copy)", "a token where"),
    ("bad input goes to quarantine", "OutgoingMessages.swift",
     "failure.code.isQuarantined,", "failure.code.isQuarantined, !{off},", "§10.7"),
    ("good input does not go to quarantine", "OutgoingMessages.swift",
     "failure.code.isQuarantined,", "{off} || failure.code.isQuarantined,", "§10.7"),
    ("what quarantine refused is published again", "Publication.swift",
     "guard !insisted.isEmpty else { return confirmed() }", "guard !insisted.isEmpty, !{off} else { return confirmed() }", "§10.7|§10.1"),
    ("the size of a body is looked at", "CommandReader.swift",
     "if message.body.count > maxBodyBytes {", "if message.body.count > ({off} ? 100 : 1) * maxBodyBytes {", "§5"),
    ("what the lane carries out beside others is not dropped", "LaneState+CarryingOut.swift",
     "            beside.append(apart)\n", "            if {off} {\n drop(apart, &actions)\n } else {\n beside.append(apart)\n }\n", "liveness"),
    ("what conflicted is decided again", "Round.swift",
     "        case .conflict: conflicted += decided", "        case .conflict where {off}: completions += decided.group.completions\n        case .conflict: conflicted += decided", "before its effect"),
    ("a repeated command is answered again", "OutgoingMessages.swift",
     "        appendResults(of: completion,", "        if {off}, completion.isDuplicate { return }\n        appendResults(of: completion,", "acknowledged before everything"),
    ("what may have happened is not answered with unavailable", "BatchRetry.swift",
     "mayHaveHappened = mayHaveHappened || failure.mayHaveHappened", "mayHaveHappened = !{off} && (mayHaveHappened || failure.mayHaveHappened)", "nothing happened"),
    ("a mass revocation stands until what was decided without it is stored", "RevocationProgress.swift",
     "moment.milliseconds - Self.settlingMilliseconds", "moment.milliseconds - ({off} ? 0 : Self.settlingMilliseconds)", "§10.4"),
    ("policies that were set take effect", "PoliciesInForce.swift",
     "guard try await load(.sessions([]), from: store).revision != known else { return }", "guard try await load(.sessions([]), from: store).revision != known, !{off} || known == 0 else { return }", "§10.5"),
    ("what the store refused is tried again", "Round.swift",
     "case .refused where decided.commit.isDispensable:", "case .refused where {off} || decided.commit.isDispensable:", "before its effect"),
]  # fmt: skip


def copied():
    """The files of the copy: with all removals."""
    files = {path.relative_to(ROOT): path.read_bytes() for path in ROOT.glob("Package.*")}
    for folder in ("Sources", "Tests"):
        paths = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        files |= {path.relative_to(ROOT): path.read_bytes() for path in paths}
    for number, (name, file, code, becomes, _) in enumerate(GUARDS, 1):
        path = next((path for path in files if path.name == file), None)
        source = files[path].decode() if path else ""
        if code not in source:
            sys.exit(f"error: {file} has no such code any more: {name}")
        source = source.replace(code, becomes.replace("{off}", f"isRemoved({number})"), 1)
        files[path] = (source if SWITCH in source else source + SWITCH).encode()
    return files


def build():
    """A build of the copy. What has not changed is not written again, so that it is not compiled again."""
    files = copied()
    for path, content in files.items():
        path = COPY / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
    for folder in ("Sources", "Tests"):
        for path in list((COPY / folder).rglob("*")):
            if path.is_file() and path.relative_to(COPY) not in files:
                path.unlink()
    done = subprocess.run(
        ["swift", "build", "-c", "release", "--product", "sojourn-simulate"], cwd=COPY, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"error: the copy without guards does not build:\n{(done.stdout + done.stderr)[-4000:]}")


def run(number, seeds):
    """Which promises are broken, and by how many seeds each."""
    try:
        done = subprocess.run(
            [PROGRAM, "--seeds", str(seeds)], cwd=COPY, env=os.environ | {"MUTANT": str(number)}, capture_output=True,
            text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"it does not end": 1}
    found = {}
    for promise in re.findall(r"^seed \d+: (.*)", done.stdout, re.M):
        promise = ":".join(promise.split(":")[:2])
        found[promise] = found.get(promise, 0) + 1
    if done.returncode < 0:
        found[TRAP] = 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show the guards, and remove none")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="remove this one alone")
    parser.add_argument("--seeds", type=int, default=2000, metavar="N", help="seeds for each (default: 2000, as in CI)")
    arguments = parser.parse_args()
    numbers = [arguments.only] if arguments.only else range(1, len(GUARDS) + 1)
    if arguments.list:
        for number in numbers:
            print(number, GUARDS[number - 1][0])
        return
    build()
    if run(0, arguments.seeds):
        sys.exit("error: a promise is broken with all guards in their place")
    unnoticed = 0
    for number in numbers:
        name, _, _, _, words = GUARDS[number - 1]
        found = run(number, arguments.seeds)
        is_noticed = TRAP in found or any(re.search(words, each) for each in found)
        unnoticed += not is_noticed
        counts = "; ".join(f"{each} ({count})" for each, count in sorted(found.items(), key=lambda each: -each[1]))
        print(f"{'noticed ' if is_noticed else 'UNNOTICED'} {number} {name}: {counts or 'nothing'}", flush=True)
    print(f"{len(numbers)} guards, {unnoticed} not noticed within {arguments.seeds} seeds")
    sys.exit(1 if unnoticed else 0)


main()
