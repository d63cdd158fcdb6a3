"""docs/operations.md: the permissions are those that are tested."""

import json
import re

from conftest import DEPLOY, ROOT

ROLES = {
    "worker, `SOJOURN_TOPOLOGY=check`": "sojourn-worker", "publisher": "sojourn-publisher", "consumer": "sojourn-consumer",
    "operator": "sojourn-operator", "scaler": "sojourn-scaler",
}  # fmt: skip


def text(name):
    return (ROOT / "docs" / name).read_text()


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
