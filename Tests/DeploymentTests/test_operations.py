"""docs/operations.md and docs/runbook.md: what they name exists, and the permissions are those that are tested."""

import json
import re

import pytest

from conftest import DEPLOY, ROOT, run

DOCUMENTS = ["operations.md", "runbook.md"]
ROLES = {
    "worker, `SOJOURN_TOPOLOGY=check`": "sojourn-worker", "publisher": "sojourn-publisher", "consumer": "sojourn-consumer",
    "operator": "sojourn-operator", "scaler": "sojourn-scaler",
}  # fmt: skip


def text(name):
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_and_their_options_exist(binary, name):
    found = set(re.findall(r"\bsojourn ((?:keys |quarantine )?[a-z]+)\b([^`\n|]*)", text(name)))
    commands = [(words.split(), re.findall(r"--[a-z-]+", rest)) for words, rest in found]
    known = run(binary, "--help")
    commands = [(words, options) for words, options in commands if re.search(rf"^  {words[0]} ", known, re.MULTILINE)]
    assert len(commands) >= 3
    for words, options in commands:
        help_text = run(binary, *words, "--help")
        assert not [option for option in options if option not in help_text], words


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)]+)\)", text(name)):
        path, _, anchor = target.partition("#")
        file = ((ROOT / "docs" / path) if path else ROOT / "docs" / name).resolve()
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


def test_the_permissions_are_those_of_the_definitions():
    permissions = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text())["permissions"]
    rows = re.findall(r"^\| (\w.*?) \| `(\S+)` \| `(\S+)` \| `(\S+)` \|$", text("operations.md"), re.MULTILINE)
    table = {}
    for role, *patterns in rows:
        user = next((user for prefix, user in ROLES.items() if role.startswith(prefix)), None)
        if user:
            table[user] = [
                pattern.replace("\\|", "|").replace("\\\\", "\\").replace("USER", user)
                for pattern in patterns]
    expected = {each["user"]: [each[kind] for kind in ("configure", "write", "read")] for each in permissions}
    table = {user: [re.sub(r"\bN\\", r"sojourn\\", pattern) for pattern in patterns] for user, patterns in table.items()}
    assert table == expected
