"""Makes small changes to SessionCore/Rules, one at a time, and runs the tests of SessionCore, which should notice.

All mutants are in one build: each operator, condition, constant and statement that may be changed asks which mutant runs.
An operator becomes one of its own, so that nothing has to be known of what is on its sides. The build is a copy of
SessionCore and its tests in `.build-mutants`. What does not compile, as the compiler says, is no mutant.

Fails if fewer than 95 of a hundred are killed, those left out whose survival survivors.json explains.
"""

import argparse
import re
import shutil
import subprocess
import sys

from mutants import ROOT, Mutant, add_options, chosen, pass_, report

COPY = ROOT / ".build-mutants"
RULES = ROOT / "Sources/SessionCore/Rules"
TESTS = COPY / ".build/debug/mutantsPackageTests.xctest"
SECONDS = 240  # for one run of tests
PACKAGE = """// swift-tools-version: 6.2
import PackageDescription
let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let package = Package(
    name: "mutants",
    targets: [
        .target(name: "SojournExtension", swiftSettings: swift),
        .target(name: "SessionCore", dependencies: ["SojournExtension"], swiftSettings: swift),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
        .testTarget(name: "SessionCoreTests", dependencies: ["SessionCore", "TestSupport"], swiftSettings: swift),
    ])
"""
SWITCH = """import Glibc

enum Mutant {
    private static let running = getenv("MUTANT").flatMap { Int(String(cString: $0)) } ?? -1

    static func runs(_ number: Int) -> Bool { running == number }
    static func negate(_ number: Int, _ condition: Bool) -> Bool { runs(number) ? !condition : condition }
    static func increase<Number: BinaryInteger>(_ number: Int, _ constant: Number) -> Number {
        runs(number) ? constant + 1 : constant
    }
}
"""
COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
CONNECTIVES = {"&&": ("||", "LogicalConjunctionPrecedence"), "||": ("&&", "LogicalDisjunctionPrecedence")}
OPERATOR = re.compile(r"(?<=\s)(==|!=|<=|>=|<|>|&&|\|\|)(?= )")
CONDITION = re.compile(r"(\s*(?:\} else )?(?:if|guard) )([^{,]+?)( else)? \{(.*)")
CONSTANT = re.compile(r"(?<=[ (])(\d+)(?=[,)\s])")
STATEMENT = re.compile(r"\s+(transaction|session|self|subject|factor|child|successor|assurance|state|\w+)(\??\.\w+)+(\(| \+?= ).*")


class Writer:
    def __init__(self, unusable):
        self.unusable = unusable  # (file, line, change): the compiler did not take it
        self.mutants = []
        self.operators = []

    def add(self, path, line, text, change):
        """A mutant's number; `None` where it is none."""
        if (path.name, line, change) in self.unusable:
            return None
        self.mutants.append(Mutant(len(self.mutants), path, line, text.strip(), change))
        return len(self.mutants) - 1

    def write(self, path):
        """The file's source with all its mutants."""
        lines = path.read_text(encoding="utf-8").splitlines()
        written, number = [], 0
        while number < len(lines):
            line = lines[number]
            number += 1
            code = line.split("//")[0]
            if '"' in code or not code.strip() or re.match(r"\s*(func|extension|package|private|static|case .*:$|@)", code):
                written.append(line)
                continue
            end = number + self.length(lines[number - 1 :]) - 1
            if STATEMENT.fullmatch(code) and end > number - 1 and self.stands_alone(lines, number - 1, end):
                index = self.add(path, number, line, "is left out")
                if index is not None:
                    indent = code[: len(code) - len(code.lstrip())]
                    written.append(f"{indent}if !Mutant.runs({index}) {{ {code.strip()}")
                    written += lines[number:end]
                    written[-1] += " }"
                    number = end
                    continue
            written.append(self.changed(path, number, line))
        return "\n".join(written) + "\n"

    def changed(self, path, number, line):
        code = line.split("//")[0].rstrip()
        if condition := CONDITION.fullmatch(code):
            before, tested, otherwise, rest = condition.groups()
            if not re.search(r"\b(let|case|try|var)\b|==|!=|[<>]|&&|\|\|", tested):
                index = self.add(path, number, line, f"{tested} is negated")
                if index is not None:
                    return f"{before}Mutant.negate({index}, {tested}){otherwise or ''} {{{rest}"

        def operator(match):
            index = self.add(path, number, line, f"{match[1]} becomes {(COMPARISONS | {k: v[0] for k, v in CONNECTIVES.items()})[match[1]]}")  # fmt: skip
            if index is None:
                return match[1]
            self.operators.append((name(index), match[1], index))
            return name(index)

        def constant(match):
            index = self.add(path, number, line, f"{match[1]} becomes {int(match[1]) + 1}")
            return match[1] if index is None else f"Mutant.increase({index}, {match[1]})"

        code = OPERATOR.sub(operator, code)
        return CONSTANT.sub(constant, code)

    @staticmethod
    def length(lines):
        """How many lines a statement has: until its brackets are closed."""
        depth = 0
        for count, line in enumerate(lines, 1):
            depth += sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
            if depth <= 0:
                return count
        return len(lines)

    @staticmethod
    def stands_alone(lines, first, end):
        before = next((each.strip() for each in reversed(lines[:first]) if each.strip()), "")
        after = next((each.strip() for each in lines[end:] if each.strip()), "")
        # What a closure gives is not left out.
        if before.endswith(" in") and after.startswith("}"):
            return False
        return not before.endswith(("(", ",", "[", "=", "return", ":")) and not after.startswith((".", "&&", "||", "?", ":"))

    def declarations(self):
        source = []
        for symbol, original, index in self.operators:
            if original in COMPARISONS:
                other = COMPARISONS[original]
                kind = "Equatable" if original in ("==", "!=") else "Comparable"
                source.append(f"infix operator {symbol}: ComparisonPrecedence")
                source.append(f"func {symbol} <T: {kind}>(left: T, right: T) -> Bool {{ Mutant.runs({index}) ? left {other} right : left {original} right }}")  # fmt: skip
                if kind == "Equatable":
                    source.append(f"func {symbol} <T>(left: T?, right: _OptionalNilComparisonType) -> Bool {{ Mutant.runs({index}) ? left {other} right : left {original} right }}")  # fmt: skip
            else:
                other, precedence = CONNECTIVES[original]
                source.append(f"infix operator {symbol}: {precedence}")
                source.append(f"func {symbol} (left: Bool, right: @autoclosure () throws -> Bool) rethrows -> Bool {{ Mutant.runs({index}) ? try left {other} right() : try left {original} right() }}")  # fmt: skip
        return "\n".join(source) + "\n"


def name(index):
    digits = ""
    while index:
        index, digit = divmod(index, 3)
        digits += "~%+"[digit]
    return "^^" + digits + "^"


def build():
    """A build that has all mutants; gives them."""
    shutil.rmtree(COPY / "Sources", ignore_errors=True)
    shutil.rmtree(COPY / "Tests", ignore_errors=True)
    for folder in ("Sources/SojournExtension", "Sources/SessionCore", "Tests/TestSupport", "Tests/SessionCoreTests"):
        shutil.copytree(ROOT / folder, COPY / folder)
    (COPY / "Package.swift").write_text(PACKAGE, encoding="utf-8")
    core = COPY / "Sources/SessionCore"
    unusable = set()
    for _ in range(20):
        writer = Writer(unusable)
        for path in sorted(RULES.glob("*.swift")):
            (core / "Rules" / path.name).write_text(writer.write(path), encoding="utf-8")
        (core / "Mutant.swift").write_text(SWITCH + writer.declarations(), encoding="utf-8")
        done = subprocess.run(
            ["swift", "build", "--build-tests"], cwd=COPY, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return writer.mutants
        wrong = set(re.findall(r"/Rules/(\w+\.swift):(\d+):\d+: error", done.stdout + done.stderr))
        found = {
            (each.path.name, each.line, each.change)
            for each in writer.mutants for file, line in wrong if each.path.name == file and abs(each.line - int(line)) <= 1
        } - unusable  # fmt: skip
        if not found:
            sys.exit(f"error: the copy with mutants does not build:\n{(done.stdout + done.stderr)[-4000:]}")
        unusable |= found
    sys.exit("error: the copy with mutants does not build")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    arguments = parser.parse_args()
    mutants = build()
    if arguments.list:
        print("\n".join(map(str, mutants)))
        return
    command = [TESTS, "--testing-library", "swift-testing"]
    if not pass_(command, {}, SECONDS):
        sys.exit("error: the tests of SessionCore fail without a mutant")
    report(
        chosen(mutants, arguments),
        lambda each: pass_(command, {"MUTANT": str(each.number)}, SECONDS, show=arguments.only is not None),
        least=0.95,
    )


main()
