"""The commands in the documents: they exist with their options, and what needs no more than a pool is run."""

import os
import re
import shlex
import subprocess

import pytest

from documents import ROOT, blocks

DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "schemas" / "README.md", *ROOT.glob("Examples/*/README.md")])
COMMAND = re.compile(r"(?:^|[\s|`(])((?:deploy/[\w/.-]+|\.ci/run|sojourn))((?: [^`\n|&<>]*)?)")
MADE = {"deploy/docker/secrets"}  # by deploy/docker/up
# What is run, in the order of its document. The rest needs a machine of its own, an id, or minutes.
RUN = re.compile(r"^sojourn (send|topology|status|quarantine list|keys (init|rotate|list|reseal)|sessions list --subject)\b")


def code(text):
    """The lines of the text's indented blocks, without comments."""
    for line in "".join(blocks(text)).splitlines():
        yield re.sub(r"\s+#.*", "", line.strip())


def commands(document):
    """The commands of a document, in blocks and within sentences, as program and arguments."""
    text = (ROOT / document).read_text()
    lines = [*code(text), *re.findall(r"`([^`\n]+)`", text)]
    for line in lines:
        for program, arguments in COMMAND.findall(line):
            yield program, arguments.split()


@pytest.fixture(scope="module")
def help_of(binary):
    """The help of a program, or of a command of `sojourn`; None if there is no such command."""
    known = {}

    def help_of(program, *words):
        if (program, *words) not in known:
            start = [binary, *words] if program == "sojourn" else [str(ROOT / program)]
            done = subprocess.run(
                [*start, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=ROOT)
            known[program, *words] = done.stdout if done.returncode == 0 else None
        return known[program, *words]

    return help_of


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_their_options_exist(document, help_of):
    verbs = set(re.findall(r"^  (\w+) ", help_of("sojourn"), re.MULTILINE))
    for program, arguments in commands(document):
        words = []
        if program == "sojourn":
            if not arguments or arguments[0] not in verbs:
                continue  # the word in a sentence, or as the name of something
            words = arguments[:2] if arguments[0] in ("audit", "keys", "policy", "quarantine", "sessions") else arguments[:1]
            words = [word for word in words if re.fullmatch("[a-z]+", word)]
        else:
            path = ROOT / program.rstrip("/.")
            assert path.exists() or program in MADE, program
            if path.is_dir() or not os.access(path, os.X_OK):
                continue
        for option in [each.partition("=")[0] for each in arguments if each.startswith("--")]:
            assert option in (help_of(program, *words) or ""), (program, words, option)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / document).parent / path).resolve() if path else ROOT / document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_do_what_they_should(document, worker, settings, binary, tmp_path):
    lines = [re.sub(r"^(\w+=\S+ )*", "", line) for line in code((ROOT / document).read_text())]
    environment = {"PATH": os.environ["PATH"], "SOJOURN_ADMIN_ADDRESS": worker.admin} | settings
    for line in [line for line in lines if RUN.match(line)]:
        words = shlex.split(line.partition("|")[0])[1:]
        done = subprocess.run(
            [binary, *(word.replace("/etc/sojourn/", "") for word in words)], cwd=tmp_path, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
