"""Permissions from the callers file."""

import json
import os
import subprocess
import uuid

import pytest

from client import DIRECT


@pytest.fixture(scope="module")
def user(amqp_url):
    """The tests' RabbitMQ user, the only user_id that RabbitMQ accepts from them."""
    return amqp_url.split("//")[1].split(":")[0]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("callers") / "callers.json"


def write(path, content):
    """Replaces the file atomically, like an editor or an operator's tool."""
    draft = path.with_suffix(".new")
    draft.write_text(content if isinstance(content, str) else json.dumps(content))
    os.replace(draft, path)


@pytest.fixture(scope="module")
def worker(start_worker, path, user):
    write(path, {user: ["session.create", "session.validate"], "somebody-else": ["#"]})
    return start_worker(callers_file=str(path)).await_ready()


def attempt(client, user, command, **body):
    return client.attempt(command, body, user_id=user)


def test_a_caller_may_send_what_the_file_says(client, user, subject):
    created = attempt(client, user, "session.create", subject=subject).data
    assert attempt(client, user, "session.validate", token=created["tokens"]["session"]).data["valid"] is True


def test_anything_else_is_not_permitted_and_has_no_effect(client, user, subject):
    created = attempt(client, user, "session.create", subject=subject).data
    reply = attempt(client, user, "session.revoke", subject=subject)
    assert (reply.status, reply.code, reply.body["error"]["retryable"]) == ("rejected", "not_permitted", False)
    assert attempt(client, user, "session.validate", token=created["tokens"]["session"]).data["valid"] is True
    assert client.await_copy(reply.body["commandId"]).code == "not_permitted"


def test_the_command_line_sends_its_user_id(client, binary, settings, subject):
    """With a callers file, a command without user_id has no caller."""
    environment = {"PATH": os.environ["PATH"]} | settings
    command = [binary, "send", "session.create", f"subject={subject}", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["data"]["session"]["subject"] == subject


def test_a_command_without_a_caller_is_not_permitted(client, subject):
    reply = client.attempt("session.create", {"subject": subject})
    assert (reply.status, reply.code) == ("rejected", "not_permitted")
    assert "user_id" in reply.body["error"]["message"]


def test_commands_without_permission_are_not_quarantined(client, user, subject):
    marker = str(uuid.uuid4())
    reply = client.attempt("session.revoke", b"no JSON " + marker.encode(), user_id=user)
    assert reply.code == "not_permitted"
    reply = client.attempt("session.create", b"no JSON " + marker.encode(), user_id=user)
    assert reply.code == "malformed_message"
    kept = client.wait(lambda: [each for each in client.quarantine if marker.encode() in each.raw], "quarantine")
    assert [each.routing_key for each in kept] == ["session.create"]


def test_an_unknown_command_stays_unknown_whoever_sends_it(client, user):
    assert attempt(client, user, "session.nonsense").code == "unknown_command"


def test_unknown_commands_without_permission_are_not_quarantined(client, user):
    marker = str(uuid.uuid4())
    assert client.attempt("no.such.command", marker.encode(), user_id=user).code == "unknown_command"
    assert attempt(client, user, "session.create", subject=5).code == "invalid_field"
    client.wait(lambda: [each for each in client.quarantine if each.body == {"subject": 5}], "what comes behind it")
    assert not [each for each in client.quarantine if marker.encode() in each.raw]


def test_a_duplicate_of_a_refused_command_is_decided_again(client, user, worker, path, subject):
    """The last test with this module's first file: the changes below are permanent."""
    body = {"subject": subject, "tenant": "eu"}
    message_id = str(uuid.uuid4())
    write(path, {user: {"commands": ["session.#"], "tenants": ["default"]}})
    worker.await_log("the callers file has changed")
    assert client.attempt("session.create", body, message_id=message_id, user_id=user).code == "not_permitted"
    assert attempt(client, user, "session.create", subject=subject).status == "succeeded"
    mark = len(worker.log)
    write(path, {user: {"commands": ["#"]}})
    worker.await_log("the callers file has changed", after=mark)
    assert client.attempt("session.create", body, message_id=message_id, user_id=user).status == "succeeded"


def test_a_reply_only_goes_where_its_caller_may_receive_it(client, user, worker, path, subject):
    mark = len(worker.log)
    write(path, {user: {"commands": ["#"], "replyTo": ["replies.*"]}})
    worker.await_log("the callers file has changed", after=mark)
    other = client.channel.queue_declare(f"billing.{uuid.uuid4().hex}", exclusive=True).method.queue
    message_id = str(uuid.uuid4())
    client.publish("session.create", {"subject": subject}, message_id=message_id, reply_to=other, user_id=user)
    copy = client.await_copy(message_id)
    assert (copy.status, copy.code) == ("rejected", "not_permitted")
    for reply_to in (client.reply_queue, DIRECT):
        reply = client.attempt("session.list", {"subject": subject}, reply_to=reply_to, user_id=user)
        assert reply.data["sessions"] == [], "it had no effect"
    assert client.channel.queue_declare(other, passive=True).method.message_count == 0


def test_a_file_that_becomes_invalid_is_reported_and_the_last_valid_one_stays(client, user, worker, path, subject):
    mark = len(worker.log)
    write(path, {user: ["session.create"]})
    worker.await_log("the callers file has changed", after=mark)
    write(path, {user: ["session.cre*"]})
    worker.await_log(rf"the callers file cannot be used.*/{user}/0")
    assert attempt(client, user, "session.revoke", subject=subject).code == "not_permitted"
    assert attempt(client, user, "session.create", subject=subject).status == "succeeded"
