"""What quarantine keeps of misspelt messages: everything except credentials, which only the keyring can open."""

import base64
import json
import os
import subprocess
import uuid

import pytest

from client import ABSENT, Client

UNKNOWN_A_MINUTE = 20


@pytest.fixture(scope="module")
def tokens(client):
    return client.create("misspelt")["tokens"]


def kept(client, correlation_id):
    return client.wait(
        lambda: next((each for each in client.quarantine if each.headers.get("mine") == correlation_id), None),
        "the message in quarantine",
    )


BODIES = {
    "beside an unknown key": lambda token: json.dumps({"token": token, "zzz": 1}),
    "as a key": lambda token: json.dumps({token: True}),
    "under an unknown key": lambda token: json.dumps({"tokn": token}),
    "in half a body": lambda token: json.dumps({"token": token})[:-1],
    "in single quotes": lambda token: "{'token': '%s'}" % token,
    "escaped": lambda token: '{"token":"\\u%04x%s","zzz":1}' % (ord(token[0]), token[1:]),
    "in JSON in JSON": lambda token: json.dumps({"body": json.dumps({"token": token})}),
    "as a form": lambda token: f"token={token}&a=b",
    "percent-encoded": lambda token: "token=" + token.replace("_", "%5F", 1),
    "in base64": lambda token: base64.b64encode(json.dumps({"a": 1, "token": token}).encode()).decode(),
    "in lines of base64": lambda token: base64.encodebytes(json.dumps({"token": token}).encode()).decode(),
    "in UTF-16": lambda token: json.dumps({"token": token}).encode("utf-16"),
    "without its beginning": lambda token: json.dumps({"tokn": token[3:]}),
}


@pytest.mark.parametrize("kind", ["session", "refresh", "access"])
@pytest.mark.parametrize("way", BODIES)
def test_no_credential_of_a_misspelt_message_is_visible_anywhere(client, worker, tokens, way, kind):
    token, marker = tokens[kind], str(uuid.uuid4())
    body = BODIES[way](token)
    body = body if isinstance(body, bytes) else body.encode()
    reply = client.attempt("session.validate", body, headers={"mine": marker})
    assert reply.status == "failed"
    message = kept(client, marker)
    copy = client.await_copy(reply.body["commandId"])
    everywhere = message.raw + str((message.properties, message.routing_key)).encode() + reply.raw + copy.raw
    everywhere = everywhere.replace(b"\0", b"") + worker.log.encode()
    secret = token.split(".")[-1] if kind == "access" else token[40:]
    for start in range(0, len(secret) - 12):
        assert secret[start : start + 12].encode() not in everywhere
        assert base64.b64encode(secret[start : start + 12].encode()) not in everywhere
    assert b"sealed:" in message.raw


@pytest.mark.parametrize(
    "body",
    [
        {"factor": {"type": "totp", "code": "482913"}, "zzz": 1}, {"factor": {"type": "totp", "cod": "482913"}},
        {"code": 482913}, {"482913": 1, "code": "482913"},
    ],
)  # fmt: skip
def test_no_code_of_a_misspelt_message_is_visible_anywhere(client, worker, body):
    marker = str(uuid.uuid4())
    reply = client.attempt("session.create", {"subject": "x"} | body, headers={"mine": marker})
    assert reply.code == "invalid_field"
    message = kept(client, marker)
    copy = client.await_copy(reply.body["commandId"])
    shown = reply.raw + copy.raw + worker.log.encode() + str(message.headers).encode()
    assert b"482913" not in shown
    assert b"482913" not in message.raw.replace(b'"482913": 1', b""), "as a key it may be anything"
    assert message.body["subject"] == "x", "it is JSON still"


def test_no_credential_is_in_quarantined_properties_or_public_messages(client, worker, tokens):
    token, marker = tokens["session"], str(uuid.uuid4())
    headers = {"mine": marker, "x": token, token[:100]: 1, "deep": {"list": [token]}}
    reply = client.attempt(
        "session.create", {"subject": 5}, message_id=token, app_id=token, type="session.create", headers=headers
    )
    assert reply.body["commandId"] == token, "who sent it recognises it"
    message = kept(client, marker)
    secret = token[40:80]
    assert secret not in str((message.properties, message.routing_key))
    copy = client.wait(
        lambda: next((each for each in client.results if each.properties.message_id == reply.properties.message_id), None),
        "the copy",
    )
    assert secret not in str(copy.properties) and secret.encode() not in copy.raw and "commandId" not in copy.body
    client.attempt("x." + token, {}, headers={"mine": marker + "2"})
    assert secret not in kept(client, marker + "2").routing_key
    assert secret not in worker.log


def test_a_reserved_reply_queue_receives_nothing(client, tokens):
    """A worker may write to every queue; the sender of a message may not."""
    for queue in ("quarantine", "commands.revoke", "commands.unknown"):
        message_id, marker = str(uuid.uuid4()), str(uuid.uuid4())
        reply_to = f"{client.namespace}.{queue}"
        subject = f"deputy-{queue}"
        client.publish(
            "session.create", {"subject": subject}, message_id=message_id, reply_to=reply_to, headers={"mine": marker}
        )
        copy = client.await_copy(message_id)
        assert (copy.status, copy.code) == ("failed", "malformed_message")
        assert kept(client, marker).headers["x-sojourn-reason"] == "malformed_message"
        assert client.do("session.list", subject=subject)["sessions"] == [], "it had no effect"
    replies = [each for each in client.quarantine if (each.properties.type or "").endswith(".result")]
    assert replies == []
    generated = client.channel.queue_declare("", exclusive=True).method.queue
    message_id = str(uuid.uuid4())
    client.publish("session.validate", {"token": "x"}, message_id=message_id, reply_to=generated)
    assert client.await_copy(message_id).code == "malformed_message"
    assert client.channel.queue_declare(generated, passive=True).method.message_count == 0


def test_routing_headers_do_not_redirect_a_quarantined_message(client):
    marker = str(uuid.uuid4())
    spy = client.channel.queue_declare("", exclusive=True).method.queue
    client.channel.queue_bind(spy, f"{client.namespace}.dead", "spied.on")
    reply = client.attempt("session.create", b"no JSON", headers={"mine": marker, "CC": ["spied.on"]})
    assert reply.code == "malformed_message"
    message = kept(client, marker)
    assert "CC" not in message.headers and message.headers["x-sojourn-cc"] == ["spied.on"]
    assert client.channel.queue_declare(spy, passive=True).method.message_count == 0


def test_forged_quarantine_headers_are_removed(client):
    marker = str(uuid.uuid4())
    forged = {"mine": marker, "x-sojourn-user-id": "admin", "x-sojourn-error": "it is fine"}
    client.attempt("session.create", b"no JSON", headers=forged)
    headers = kept(client, marker).headers
    assert "x-sojourn-user-id" not in headers and "not acceptable JSON" in headers["x-sojourn-error"]


def test_unknown_commands_are_quarantined_at_a_limited_rate(elsewhere):
    worker, client = elsewhere()

    def answered():
        return [each for each in client.results if each.routing_key == "unknown.failed"]

    def unknown():
        return [each for each in client.quarantine if each.headers["x-sojourn-reason"] == "unknown_command"]

    for index in range(3 * UNKNOWN_A_MINUTE):
        client.publish("no.such.command", {"index": index}, reply_to=ABSENT)
    client.wait(lambda: len(answered()) == 3 * UNKNOWN_A_MINUTE, "an answer to all of them")
    client.wait(lambda: len(unknown()) >= UNKNOWN_A_MINUTE, "those that are kept")
    for _ in range(4):  # later messages in the same queue, whichever lane takes them
        assert client.attempt("no.such.command", {}).code == "unknown_command"
    assert client.attempt("session.create", b"no JSON").code == "malformed_message"
    client.wait(lambda: [each for each in client.quarantine if each.raw == b"no JSON"], "what comes behind them")
    assert len(unknown()) == UNKNOWN_A_MINUTE
    assert "no more are quarantined in this minute" in worker.log


def test_a_worker_without_a_callers_file_warns_about_it(worker):
    assert "no callers file" in worker.log and "namespace of message ids" in worker.log


def test_quarantined_credentials_are_opened_only_with_the_keyring(start_worker, settings, binary, amqp_url, namespace):
    name = f"{namespace}-look"
    start_worker(namespace=name).await_ready()
    client = Client(amqp_url, name)
    client.channel.basic_cancel(client.channel.consumer_tags[-1])  # of quarantine, so that its messages stay there
    token = client.create("looked-at")["tokens"]["session"]
    body = json.dumps({"token": token, "evil": "\x1b[2J\u202e", "code": 482913})
    client.attempt("session.validate", body.encode(), headers={"x": token})
    client.attempt("session.create", b"no JSON")
    without = {key: value for key, value in settings.items() if key != "SOJOURN_KEYRING_FILE"}
    environment = {"PATH": os.environ["PATH"]} | without | {"SOJOURN_NAMESPACE": name}

    def sojourn(*arguments):
        return subprocess.run(
            [binary, "quarantine", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    for _ in range(2):  # reading removes nothing
        lines = [json.loads(line) for line in sojourn("list", "--json").stdout.splitlines()]
        assert [line["headers"]["x-sojourn-reason"] for line in lines] == ["invalid_field", "malformed_message"]
    text = sojourn("list").stdout
    assert "invalid_field" in text and all(line.isprintable() for line in text.splitlines())
    one = sojourn("list", "--limit", "1")
    assert len(one.stdout.splitlines()) == 1 and "1 of 2" in one.stderr
    shown = sojourn("show", lines[0]["id"])
    assert shown.returncode == 0 and token not in shown.stdout and "sealed:" in shown.stdout
    assert "still sealed: 3" in shown.stderr and all(line.isprintable() for line in shown.stdout.splitlines())
    opened = sojourn("show", lines[0]["id"], "--json", "--keyring-file", settings["SOJOURN_KEYRING_FILE"])
    message = json.loads(opened.stdout)
    assert message["body"] == body and message["headers"]["x"] == token and "opened with the keyring: 3" in opened.stderr
    missing = sojourn("show", "res_none-1")
    assert missing.returncode == 1 and "no message res_none-1" in missing.stderr
    client.delete_topology()
    client.close()
