"""Makes small changes to SessionCore, one at a time, and runs the tests of its rules, which should notice.

All mutants are in one program: each operator, condition, constant and statement that may be changed asks which mutant
runs. Only SessionCore is compiled for it; everything else is what `swift build --build-tests` made, and linked again.
What the compiler does not take is no mutant.

Fails if one survives that survivors.json does not explain, or if more than five of a hundred survive.

Needs a build with tests: `deploy/local/mutants rules` sees to that.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

import changes
from mutants import ROOT, SCRATCH, Mutant, add_options, chosen, pass_, report, require_current

CORE = ROOT / "Sources/SessionCore"
# What decides. Values are tested where they are read and written.
FOLDERS = [CORE / "Rules", CORE / "Commands", CORE / "Extensions", CORE]
COPY = ROOT / ".build-mutants"
PROGRAM = COPY / "rules.xctest"
# The quicker first: nearly all mutants end there. Rules that ask an extension are tested with one.
SUITES = ["SessionCoreTests", r"ExtensionTests\.(Example|Requirement|Rule|Verifier)Tests"]
SAME = ("-target", "-swift-version", "-enable-upcoming-feature", "-package-name", "-I", "-module-cache-path")
SECONDS = 60  # for one run of tests, which takes 2
SWITCH = """import Glibc

enum Mutant {
    private static let running = getenv("MUTANT").flatMap { Int(String(cString: $0)) } ?? -1

    static func runs(_ number: Int) -> Bool { running == number }
    static func negate(_ number: Int, _ condition: Bool) -> Bool { runs(number) ? !condition : condition }
    static func increase<Number: Numeric>(_ number: Int, _ constant: Number) -> Number {
        runs(number) ? constant + 1 : constant
    }
    static func min<Value: Comparable>(_ number: Int, _ left: Value, _ right: Value) -> Value {
        runs(number) ? Swift.max(left, right) : Swift.min(left, right)
    }
    static func max<Value: Comparable>(_ number: Int, _ left: Value, _ right: Value) -> Value {
        runs(number) ? Swift.min(left, right) : Swift.max(left, right)
    }
}
"""


def all_mutants():
    """Pairs of a mutant and the change that makes it, without asking the compiler."""
    found = []
    for folder in FOLDERS:
        for path in sorted(folder.glob("*.swift")):
            source = path.read_text(encoding="utf-8")
            lines, of_file = source.splitlines(), []
            for change in changes.changes(source):
                text = lines[change.line - 1].strip()
                # The second of its kind in a line is another one.
                again = sum(each.line == change.line and each.what == change.what for each in of_file)
                of_file.append(change)
                what = f"{change.what} ({again + 1})" if again else change.what
                found.append((Mutant(len(found), path, change.line, text, what), change))
    return found


def build(wanted):
    """A program that has these mutants; gives those that it has."""
    for folder in ("sources", "objects"):
        shutil.rmtree(COPY / folder, ignore_errors=True)
        (COPY / folder).mkdir(parents=True)
    while True:
        sources, operators = [], []
        for path in sorted(CORE.rglob("*.swift")):
            of_file = [(mutant.number, change) for mutant, change in wanted if mutant.path == path]
            operators += [(number, change.operator) for number, change in of_file if change.operator]
            text = changes.changed(path.read_text(encoding="utf-8"), of_file)
            sources.append(write(COPY / "sources" / path.name, text))
        declared = "".join(changes.declaration(*each) for each in operators)
        sources.append(write(COPY / "sources/Mutant.swift", SWITCH + declared))
        done = run([*compiler(), "-c", *sources], cwd=COPY / "objects")
        if done.returncode == 0:
            break
        wrong = refused(wanted, done.stdout + done.stderr)
        if not wrong:
            sys.exit(f"error: SessionCore with mutants does not compile:\n{(done.stdout + done.stderr)[-4000:]}")
        wanted = [each for each in wanted if each[0].number not in wrong]
    link()
    return [mutant for mutant, _ in wanted]


def refused(wanted, messages):
    """The numbers of the mutants that the compiler did not take: of a line those that are likelier to be why, first."""
    wrong = set()
    for file, line in set(re.findall(r"/sources/([\w+]+\.swift):(\d+):\d+: error", messages)):
        of_file = [each for each in wanted if each[0].path.name == file]
        there = [each for each in of_file if each[1].line <= int(line) <= each[1].last]
        # A value that is missing, because what gave it was left out, is told at the brace behind it.
        there = there or sorted((each for each in of_file if each[1].last < int(line)), key=lambda each: each[1].last)[-1:]
        left_out = [mutant.number for mutant, change in there if change.what == "is left out"]
        wrong.update(left_out or [mutant.number for mutant, _ in there])
    return wrong


def compiler():
    """The compiler with what has to be the same for the objects to fit together."""
    kept, arguments = [], task("C.SessionCore-")
    for option, value in zip(arguments, arguments[1:]):
        if option in SAME:
            kept += [option, value]
    return [
        arguments[0], "-module-name", "SessionCore", "-parse-as-library", "-Onone", "-enable-testing",
        "-enable-batch-mode", "-j2", "-continue-building-after-errors", *kept,
    ]  # fmt: skip


def link():
    arguments = task("C.sojournPackageTests-", "-emit-executable")
    listed = next(each[1:] for each in arguments if each.endswith(".LinkFileList"))
    objects = pathlib.Path(listed).read_text(encoding="utf-8").splitlines()
    others = [each for each in objects if "/SessionCore.build/" not in each]
    mutated = [str(each) for each in sorted((COPY / "objects").glob("*.o"))]
    (COPY / "Objects.LinkFileList").write_text("\n".join(others + mutated) + "\n", encoding="utf-8")
    arguments = [f"@{COPY / 'Objects.LinkFileList'}" if each == f"@{listed}" else each for each in arguments]
    arguments[arguments.index("-o") + 1] = str(PROGRAM)
    done = run([each for each in arguments if each != "-g"], cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"error: the tests with mutants do not link:\n{(done.stdout + done.stderr)[-4000:]}")


def task(name, argument=""):
    """The arguments of a step of the last `swift build --build-tests`."""
    steps = (SCRATCH / "debug.yaml").read_text(encoding="utf-8").split("\n\n")
    step = next(each for each in steps if each.lstrip().startswith(f'"{name}') and f'"{argument}' in each)
    return json.loads(re.search(r"^ *args: (\[.*\])$", step, re.MULTILINE)[1])


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    arguments = parser.parse_args()
    everything = all_mutants()
    require_current([mutant for mutant, _ in everything])
    wanted = chosen([mutant for mutant, _ in everything], arguments)
    if arguments.list:
        print("\n".join(map(str, wanted)))
        return

    def passes(environment, show=False):
        command = [PROGRAM, "--testing-library", "swift-testing", "--filter"]
        return all(pass_([*command, suite], environment, SECONDS, show=show) for suite in SUITES)

    numbers = {each.number for each in wanted}
    built = {each.number for each in build([each for each in everything if each[0].number in numbers])}
    if not passes({}):
        sys.exit("error: the tests of SessionCore fail without a mutant")
    report(
        [each for each in wanted if each.number in built],
        lambda each: passes({"MUTANT": str(each.number)}, show=arguments.only is not None), arguments,
    )  # fmt: skip


main()
