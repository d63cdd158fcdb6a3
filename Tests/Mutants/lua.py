"""Makes every small change to commit.lua and reseal.lua, one at a time, and runs the tests that should notice.

Nothing is built for a mutant: the tests talk to Redis through a proxy that puts the changed script in the place of the
one that they send. Fails if one survives that survivors.json does not explain.

Needs a build with tests, and SOJOURN_TEST_REDIS_URL: `deploy/local/mutants lua` sees to both.
"""

import argparse
import hashlib
import os
import re
import socket
import sys
import threading
import urllib.parse

from mutants import ROOT, SCRATCH, Mutant, add_options, chosen, pass_, report, require_current

TESTS = SCRATCH / "debug/sojournPackageTests.xctest"
SCRIPTS = [ROOT / "Sources/SessionStorage/commit.lua", ROOT / "Sources/SessionStorage/reseal.lua"]
# The quicker first: most mutants end there.
SUITES = {
    "commit": [
        "CommitScriptTests", "RedisSessionStoreTests|TwinTests|PermissionTests",
        "ProcessorTests|DamageTests|ClaimTests|MassRevocationTests",
    ],
    "reseal": ["ResealTests|RecordTests"],
}  # fmt: skip
SECONDS = 240  # for one run of tests

TOKEN = re.compile(
    r"(?P<comment>--[^\n]*)|(?P<string>'[^'\n]*')|(?P<number>\b\d+\b)|(?P<operator>==|~=|<=|>=|<|>|\.\.\.|\.\.|\+|-|\*|/|#)"
    r"|(?P<word>\b\w+\b)|(?P<other>\s+|.)"
)
OPERATORS = {
    "==": ["~="], "~=": ["=="], "<": ["<=", ">"], "<=": ["<", ">"], ">": [">=", "<"], ">=": [">", "<"],
    "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"],
}  # fmt: skip
WORDS = {"and": ["or"], "or": ["and"], "not": [""]}


def changes(source):
    """(line, what is changed, the changed source) of each mutant."""
    for token in TOKEN.finditer(source):
        kind, text = token.lastgroup, token.group()
        line = source.count("\n", 0, token.start()) + 1
        if kind == "operator":
            others = OPERATORS.get(text, [])
        elif kind == "word":
            others = WORDS.get(text, [])
        elif kind == "number":
            others = [str(int(text) + 1)] + ([str(int(text) - 1)] if int(text) else [])
        elif kind == "string":
            # What a message to people says is not what is tested here, and Redis knows no such command.
            others = [] if " " in text or is_question_or_command(source, token) else ["'" + text.strip("'") + "x'"]
        else:
            continue
        for other in others:
            yield line, f"{text} becomes {other or 'nothing'}", source[: token.start()] + other + source[token.end() :]
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        # Each call that is a statement, and each return in the middle.
        if re.match(r"\s+redis\.call\(.*\)\n", line) or re.match(r"\s+\w+ = \w+ \+ [\d]+\n", line):
            yield number, "is left out", without(source, number)
        if re.match(r"if .* then return \{\} end\n", line) or re.match(r"\s+if .* then return \{\} end\n", line):
            yield number, "is left out", without(source, number)


def is_question_or_command(source, token):
    """The name of a command; or in the question whether the user may run one, whose arguments only need to be there."""
    before = source[: token.start()]
    return before.endswith("redis.call(") or "refuses(" in re.split(r"\)", before)[-1]


def without(source, number):
    lines = source.splitlines(keepends=True)
    return "".join(lines[: number - 1] + ["\n"] + lines[number:])


class Substitute:
    """A proxy to Redis in which one script, wherever it or its SHA-1 is sent, is another."""

    def __init__(self, target, original, changed):
        self.target = target
        self.replacements = [
            (b"$%d\r\n%b" % (len(original), original), b"$%d\r\n%b" % (len(changed), changed)),
            (sha1(original), sha1(changed)),
        ]
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=pump, args=(client, server, self.replaced), daemon=True).start()
            threading.Thread(target=pump, args=(server, client, lambda held, data: (data, b"")), daemon=True).start()

    def replaced(self, held, data):
        """What can be sent on, and what is held back since it may be the beginning of what is replaced."""
        data = held + data
        for original, changed in self.replacements:
            data = data.replace(original, changed)
        keep = max(beginning(data, original) for original, _ in self.replacements)
        return data[: len(data) - keep], data[len(data) - keep :]

    def close(self):
        self.listener.close()


def beginning(data, pattern):
    """How many bytes at the end of `data` are the beginning of `pattern`."""
    at = max(0, len(data) - len(pattern) + 1)
    while at < len(data):
        at = data.find(pattern[:1], at)
        if at < 0:
            return 0
        if pattern.startswith(data[at:]):
            return len(data) - at
        at += 1
    return 0


def pump(source, sink, change):
    held = b""
    try:
        while data := source.recv(1 << 16):
            data, held = change(held, data)
            sink.sendall(data)
    except OSError:
        pass
    for each in (source, sink):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def sha1(script):
    return hashlib.sha1(script).hexdigest().encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    arguments = parser.parse_args()

    mutants, sources = [], []
    for path in SCRIPTS:
        source = path.read_text(encoding="utf-8")
        for line, change, changed in changes(source):
            mutants.append(Mutant(len(mutants), path, line, source.splitlines()[line - 1].strip(), change))
            sources.append(changed)
    require_current(mutants)
    if arguments.list:
        print("\n".join(map(str, mutants)))
        return
    redis = urllib.parse.urlsplit(os.environ["SOJOURN_TEST_REDIS_URL"])

    def passes(path, script):
        proxy = Substitute((redis.hostname, redis.port or 6379), path.read_bytes(), script.encode())
        environment = {"SOJOURN_TEST_REDIS_URL": redis._replace(netloc=f"127.0.0.1:{proxy.port}").geturl()}
        try:
            return all(
                pass_(
                    [TESTS, "--testing-library", "swift-testing", "--filter", each], environment, SECONDS,
                    show=arguments.only is not None,
                )
                for each in SUITES[path.stem]
            )  # fmt: skip
        finally:
            proxy.close()

    # A sample is taken where all tests have just been run.
    for path in SCRIPTS if arguments.only is None and arguments.sample is None else []:
        if not passes(path, path.read_text(encoding="utf-8")):
            sys.exit(f"error: the tests of {path.name} fail as it is")
    report(chosen(mutants, arguments), lambda each: passes(each.path, sources[each.number]), arguments)


main()
