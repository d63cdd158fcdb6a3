"""The examples in schemas/, sent to a worker: valid ones are understood, invalid ones get the error they state."""

import json

import pytest

from schemas_support import SCHEMAS, names

COMMANDS = names("commands")
EXAMPLES = SCHEMAS / "examples"
# An example may be rejected at these keys because of the current state rather than its body.
DEPENDS = {"/idleSeconds", "/absoluteSeconds", "/authentication/at", "/parentId", "/cursor"}
QUEUES = {
    "validate": ["session.validate", "session.get", "session.list", "session.activity"],
    "manage": [
        "session.create", "session.refresh", "session.elevate", "session.reauthenticate", "session.update",
        "session.transfer.begin", "session.transfer.complete",
    ],
    "revoke": ["session.revoke", "session.lock", "session.unlock", "subject.disable", "subject.enable"],
    "admin": [
        "policy.put", "policy.get", "policy.remove", "policy.list", "factor.enroll", "factor.confirm", "factor.remove",
        "factor.list",
    ],
}  # fmt: skip
READING = [*QUEUES["validate"], "factor.list", "policy.get", "policy.list"]
EACH_COMMAND = pytest.mark.parametrize("command", COMMANDS)


def examples(kind, command):
    """The name and content of each."""
    paths = sorted((EXAMPLES / kind / command).glob("*.json"))
    assert paths, f"no examples of {command}"
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def send(client, command, bodies):
    """Sends all at once. Returns the reply by name."""
    waiting = {
        name: client.publish(command, json.dumps(body, ensure_ascii=False).encode()) for name, body in bodies.items()
    }
    return {name: client.await_reply(each) for name, each in waiting.items()}


@EACH_COMMAND
def test_every_invalid_example_gets_the_error_it_names(client, command):
    cases = examples("invalid/commands", command)
    replies = send(client, command, {name: case["body"] for name, case in cases.items()})
    errors = {name: reply.body.get("error", {}) for name, reply in replies.items()}
    found = {name: {"code": error.get("code"), "path": error.get("path")} for name, error in errors.items()}
    assert found == {name: {"path": None} | case["expect"] for name, case in cases.items()}


@EACH_COMMAND
def test_every_example_is_accepted(client, command):
    replies = send(client, command, examples("commands", command))
    refused = {
        name: reply.body["error"] for name, reply in replies.items()
        if reply.status == "failed" and not (reply.code == "invalid_field" and reply.path in DEPENDS)
    }  # fmt: skip
    assert not refused


@EACH_COMMAND
@pytest.mark.parametrize("tenant", ["", "not ours", "x" * 65, "é", 7, None])
def test_every_command_rejects_an_invalid_tenant(client, command, tenant):
    body = next(iter(examples("commands", command).values())) | {"tenant": tenant}
    reply = client.attempt(command, body)
    assert (reply.code, reply.path) == ("invalid_field", "/tenant")


@EACH_COMMAND
def test_each_command_arrives_through_its_queue(client, command):
    reply = client.attempt(command, b"not JSON")
    assert reply.code == "malformed_message"
    (queue,) = [queue for queue, commands in QUEUES.items() if command in commands]
    sent = reply.properties.correlation_id
    kept = client.wait(
        lambda: [each for each in client.quarantine if each.properties.correlation_id == sent], "it in quarantine"
    )
    assert kept[0].headers["x-sojourn-queue"] == f"{client.namespace}.commands.{queue}"


@EACH_COMMAND
def test_a_message_id_is_required_by_commands_that_change_state(client, command):
    body = next(iter(examples("commands", command).values()))
    reply = client.attempt(command, body, message_id="")
    if command in READING:
        assert reply.status == "succeeded" or reply.code != "message_id_required"
    else:
        assert reply.code == "message_id_required"


@EACH_COMMAND
def test_the_result_of_a_command_is_copied_under_its_name(client, command):
    body = examples("commands", command)["minimal.json"]
    message_id = f"copy-of-{command}"
    reply = client.attempt(command, body, message_id=message_id)
    copy = client.await_copy(message_id)
    assert copy.routing_key == f"{command}.{reply.status}"
    assert copy.properties.type == reply.properties.type == f"{command}.result"
    if command not in READING:
        assert copy.properties.delivery_mode == 2


def test_every_command_of_the_contract_has_a_queue_here():
    assert sorted(COMMANDS) == sorted(each for commands in QUEUES.values() for each in commands)
