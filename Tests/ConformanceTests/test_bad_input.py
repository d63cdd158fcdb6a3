"""Bad input: answered with its error code, quarantined if it should be, without slowing the worker down."""

import json
import time
import uuid

import pika
import pytest

from client import ABSENT, DIRECT, Client
from schemas_support import Mismatch, validate_command

PROMPT_SECONDS = 3  # a good command, on a busy machine, with a debug build
QUEUES = {
    "session.create": "manage",
    "session.refresh": "manage",
    "session.validate": "validate",
    "session.revoke": "revoke",
}


@pytest.fixture(autouse=True)
def still_prompt(client, worker, subject):
    """After each test, a valid command is answered at once, by the same worker process."""
    yield
    began = time.monotonic()
    token = client.create(subject)["tokens"]["session"]
    assert client.validate(token)["valid"] is True
    assert time.monotonic() - began < PROMPT_SECONDS
    assert worker.running and worker.get("/readyz") == 200


def nested(depth):
    """A command nested `depth` levels deep; the body itself is level 1."""
    attributes = {}
    for _ in range(depth - 2):
        attributes = {"a": attributes}
    return {"subject": "x", "attributes": attributes}


def expect_failure(client, command, body, code, *, quarantined=True, name=None, **properties):
    """Sends it and checks the answer, its copy, and the quarantined message. Returns both."""
    properties = {"message_id": str(uuid.uuid4())} | properties
    reply = client.attempt(command, body, **properties)
    assert (reply.status, reply.code) == ("failed", code), reply.body
    assert reply.body["error"]["retryable"] is False
    assert reply.body["error"]["message"]
    name = name or command
    assert reply.body["command"] == name and reply.properties.type == f"{name}.result"
    copy = client.wait(lambda: answered_as(reply, client.results), "the result's copy")[0]
    assert copy.routing_key == f"{name}.failed" and copy.code == code
    if not quarantined:
        return reply, None
    kept = client.wait(lambda: answered_as(reply, client.quarantine), "the message in quarantine")[0]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert kept.raw == raw and kept.routing_key == command
    assert kept.headers["x-sojourn-reason"] == code
    assert kept.headers["x-sojourn-error"]
    assert kept.headers["x-sojourn-at"].endswith("Z")
    assert isinstance(kept.headers["x-sojourn-attempts"], int) and kept.headers["x-sojourn-attempts"] >= 1
    queue = QUEUES.get(command, "unknown")
    assert kept.headers["x-sojourn-queue"] == f"{client.namespace}.commands.{queue}"
    return reply, kept


def answered_as(reply, messages):
    correlation_id = reply.properties.correlation_id
    return [each for each in messages if each.properties.correlation_id == correlation_id]


def expect_not_quarantined(client, message_id):
    """A later bad message in the same queue is in quarantine, and this one is not."""
    expect_failure(client, "session.create", b"behind it", "malformed_message")
    assert message_id not in [each.properties.message_id for each in client.quarantine]


# --- bodies that cannot be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", QUEUES)
def test_a_body_that_is_not_json_is_malformed_in_every_queue(client, command):
    expect_failure(client, command, b"not JSON", "malformed_message")


@pytest.mark.parametrize(
    "body",
    [b"", b'{"subject": "x"', b'{"subject": "x"} {}', b"{'subject': 'x'}", b'{"subject": NaN}'],
    ids=["empty", "cut short", "two", "single quotes", "NaN"],
)
def test_a_body_that_is_not_json_is_malformed(client, body):
    expect_failure(client, "session.create", body, "malformed_message")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_json_that_is_not_an_object_is_malformed(client, body):
    expect_failure(client, "session.create", body, "malformed_message")


def test_thirty_two_levels_are_accepted_and_thirty_three_are_malformed(client):
    assert client.attempt("session.create", nested(32)).status == "succeeded"
    expect_failure(client, "session.create", nested(33), "malformed_message")
    # Objects or arrays nested far deeper than a recursive parser survives, in a small body.
    for opening in (b"[", b'{"a":'):
        expect_failure(client, "session.create", opening * (60_000 // len(opening)), "malformed_message")


@pytest.mark.parametrize(
    "body",
    [b'{"subject": "\xff\xfe"}', b'{"subject": "\xc3"}', b'{"subject": "\xed\xa0\x80"}', b'{"\x80": 1}', b"\xc0\xaf"],
)
def test_invalid_utf8_is_malformed(client, body):
    expect_failure(client, "session.create", body, "malformed_message")


def test_a_body_of_two_megabytes_is_too_large(client):
    body = json.dumps({"subject": "x", "attributes": {"long": "x" * 2_000_000}}).encode()
    expect_failure(client, "session.create", body, "message_too_large")


# --- fields ------------------------------------------------------------------------------------------------------


# The rest are the examples in schemas/examples/invalid, which SchemaAgreementTests reads.
@pytest.mark.parametrize(
    ("command", "body", "path"),
    [
        ("session.create", {"subject": "x", "idelSeconds": 5}, "/idelSeconds"),
        ("session.create", {"subject": "x", "device": {"nmae": "y"}}, "/device/nmae"),
        ("session.create", {"subject": "x", "a/b~c": 1}, "/a~1b~0c"),
        ("session.revoke", {"subject": "x", "exept": "y"}, "/exept"),
        ("session.create", {}, "/subject"),
        ("session.create", {"subject": 7}, "/subject"),
        ("session.create", {"subject": "x", "tenant": "not ours"}, "/tenant"),
        ("session.create", {"subject": "x", "device": []}, "/device"),
        ("session.create", {"subject": "x", "attributes": {"a": "x" * 17_000}}, "/attributes"),
        ("session.create", {"subject": "x", "authentication": {"methods": ["pwd", 7]}}, "/authentication/methods/1"),
        ("session.create", {"subject": "x", "idleSeconds": 0}, "/idleSeconds"),
        ("session.create", {"subject": "x", "absoluteSeconds": -1}, "/absoluteSeconds"),
        ("session.create", {"subject": "x", "absoluteSeconds": 10**30}, "/absoluteSeconds"),
        ("session.validate", {"token": ["x"]}, "/token"),
        ("session.revoke", {"subject": "x", "cascade": 1}, "/cascade"),
    ],
)
def test_an_invalid_unknown_or_missing_key_is_named(client, command, body, path):
    if "attributes" not in body:  # JSON Schema cannot measure a length in bytes
        with pytest.raises(Mismatch):
            validate_command(command, body)
    reply, _ = expect_failure(client, command, body, "invalid_field")
    assert reply.path == path


# --- properties --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["session.crate", "session", "x", "session.create.now", "é.ü", "unknown"])
def test_an_unknown_routing_key_is_an_unknown_command(client, key):
    expect_failure(client, key, {"subject": "x"}, "unknown_command", name="unknown")


@pytest.mark.parametrize("command", ["session.create", "session.refresh", "session.revoke"])
@pytest.mark.parametrize("message_id", [ABSENT, ""], ids=["absent", "empty"])
def test_a_command_that_can_change_state_requires_a_message_id(client, command, message_id):
    body = {"session.refresh": {"refreshToken": "x"}}.get(command, {"subject": "x"})
    expect_failure(client, command, body, "message_id_required", message_id=message_id)


def test_a_message_id_of_128_bytes_is_accepted_and_of_129_malformed(client, subject):
    assert client.call("session.create", {"subject": subject}, message_id="i" * 128).status == "succeeded"
    expect_failure(client, "session.create", {"subject": subject}, "malformed_message", message_id="i" * 129)


def test_a_type_that_contradicts_the_routing_key_is_malformed(client, subject):
    assert client.call("session.create", {"subject": subject}, type="session.create").status == "succeeded"
    expect_failure(client, "session.create", {"subject": subject}, "malformed_message", type="session.revoke")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", None]
)
def test_every_accepted_content_type_of_json_works(client, subject, content_type):
    assert client.call("session.create", {"subject": subject}, content_type=content_type).status == "succeeded"


@pytest.mark.parametrize(
    "properties",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/xml"},
        {"content_type": "application/json; charset=latin1"},
        {"content_encoding": "gzip"},
    ],
)
def test_another_content_type_or_an_encoding_is_unsupported(client, properties):
    expect_failure(client, "session.create", {"subject": "x"}, "unsupported_media_type", **properties)


def test_a_command_past_its_deadline_is_not_executed(client, subject):
    past = int(time.time() * 1000) - 1000
    message_id = str(uuid.uuid4())
    properties = {"message_id": message_id, "headers": {"deadline": past}}
    expect_failure(client, "session.create", {"subject": subject}, "command_expired", quarantined=False, **properties)
    assert client.call("session.revoke", {"subject": subject}).data["count"] == 0, "nothing was created"
    expect_not_quarantined(client, message_id)


@pytest.mark.parametrize("deadline", ["tomorrow", "1999999999999", True, {"at": 1}])
def test_a_deadline_that_is_not_an_integer_is_malformed(client, deadline):
    headers = {"deadline": deadline}
    expect_failure(client, "session.create", {"subject": "x"}, "malformed_message", headers=headers)


# RabbitMQ 3.10 closes the connection on a publish to the second of these, a direct reply address that it never issued.
# A worker that trusted the caller could be stopped by one message.
@pytest.mark.parametrize("reply_to", ["nobody.listens.here", "amq.rabbitmq.reply-to.g1h2AAAAAAAAAAAAAAAA.gone=="])
def test_a_missing_reply_queue_affects_nobody_else(client, worker, subject, reply_to):
    before = len(worker.log)
    message_id = str(uuid.uuid4())
    client.publish("session.create", {"subject": subject}, message_id=message_id, reply_to=reply_to)
    assert client.await_copy(message_id).data["session"]["subject"] == subject
    client.await_event(subject, "session.created")
    expect_not_quarantined(client, message_id)
    assert "the lane cannot consume" not in worker.log[before:], "its own connections live on"


def test_a_caller_that_has_disconnected_affects_nobody_else(client, amqp_url, subject):
    message_id = str(uuid.uuid4())
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.basic_consume(DIRECT, lambda *_: None, auto_ack=True)
        properties = pika.BasicProperties(message_id=message_id, reply_to=DIRECT)
        exchange = f"{client.namespace}.commands"
        channel.basic_publish(exchange, "session.create", json.dumps({"subject": subject}).encode(), properties)
    assert client.await_copy(message_id).data["session"]["subject"] == subject


def test_a_full_reply_queue_affects_nobody_else(client, worker, subject, amqp_url):
    before = len(worker.log)
    message_id = str(uuid.uuid4())
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        arguments = {"x-max-length": 0, "x-overflow": "reject-publish"}
        name = f"full.{uuid.uuid4().hex}"
        full = connection.channel().queue_declare(name, exclusive=True, arguments=arguments).method.queue
        client.publish("session.create", {"subject": subject}, message_id=message_id, reply_to=full)
        assert client.await_copy(message_id).data["session"]["subject"] == subject
        # A second command is answered over the same connections while the first one's queue still rejects.
        client.create(subject)
    assert "retrying" not in worker.log[before:], "the lane gave its connections up"


@pytest.mark.parametrize("count", [2**63 - 1, 20, -(2**63)])
@pytest.mark.parametrize("command", ["session.validate", "session.create", "no.such.command"])
def test_a_forged_delivery_count_is_ignored(client, subject, command, count):
    reply = client.attempt(command, {"subject": subject, "zzz": 1}, headers={"x-delivery-count": count})
    assert reply.code == ("unknown_command" if command == "no.such.command" else "invalid_field")


# --- tokens ------------------------------------------------------------------------------------------------------


def other_character(character):
    return "A" if character != "A" else "B"


@pytest.fixture(scope="module")
def stranger(start_worker, binary, settings, amqp_url):
    """A client of another namespace, with its own worker and the same keys."""
    namespace = f"{settings['SOJOURN_NAMESPACE']}other"
    start_worker(namespace=namespace).await_ready()
    stranger = Client(amqp_url, namespace)
    yield stranger
    stranger.delete_topology()
    stranger.close()


DAMAGES = {
    "cut short": lambda tokens, kind: tokens[kind][:-1],
    "cut in half": lambda tokens, kind: tokens[kind][: len(tokens[kind]) // 2],
    "one character more": lambda tokens, kind: tokens[kind] + "A",
    "wrong checksum": lambda tokens, kind: tokens[kind][:40] + other_character(tokens[kind][40]) + tokens[kind][41:],
    "of another kind": lambda tokens, kind: tokens["refresh" if kind == "session" else "session"],
    "of another kind by its prefix": lambda tokens, kind: ("sjr_" if kind == "session" else "sjs_") + tokens[kind][4:],
    "in capitals": lambda tokens, kind: tokens[kind].upper(),
    "of another namespace": None,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_token_is_rejected(client, stranger, subject, damage):
    ours = client.create(subject)["tokens"]
    if DAMAGES[damage]:
        session, refresh = DAMAGES[damage](ours, "session"), DAMAGES[damage](ours, "refresh")
    else:
        theirs = stranger.create(subject)["tokens"]
        session, refresh = theirs["session"], theirs["refresh"]
    answer = client.attempt("session.validate", {"token": session}).data
    assert answer["valid"] is False and "session" not in answer
    # An undamaged token of another installation may also be called unknown.
    intact = damage in ("of another kind", "of another namespace")
    assert answer["reason"] in (["malformed", "unknown"] if intact else ["malformed"])

    reply = client.attempt("session.refresh", {"refreshToken": refresh})
    assert (reply.status, reply.code) == ("rejected", "token_invalid")

    reply = client.attempt("session.revoke", {"token": session})
    if damage == "of another namespace" and reply.status == "succeeded":
        assert reply.data["count"] == 0
    else:
        assert (reply.status, reply.code) == ("rejected", "token_invalid")
    assert client.validate(ours["session"])["valid"] is True


# --- quarantine and pressure -------------------------------------------------------------------------------------


def test_quarantine_preserves_the_properties(client):
    given = {
        "message_id": str(uuid.uuid4()), "content_type": "application/json", "type": "session.create",
        "app_id": "a test", "priority": 3, "timestamp": 1_700_000_000, "delivery_mode": 2,
        "headers": {"mine": "kept", "number": 7, "nested": {"a": [1, "two"]}},
    }
    bad = {"subject": "x", "idleSeconds": 0}
    _, kept = expect_failure(
        client, "session.create", bad, "invalid_field", user_id=client.user, expiration="600000", **given
    )
    for name, value in given.items():
        if name != "headers":
            assert getattr(kept.properties, name) == value, name
    assert {key: kept.headers[key] for key in given["headers"]} == given["headers"]
    assert kept.properties.reply_to == client.reply_queue
    assert kept.properties.user_id is None and kept.headers["x-sojourn-user-id"] == client.user
    assert kept.properties.expiration is None and kept.headers["x-sojourn-expiration"] == "600000"


def test_a_flood_of_bad_messages_does_not_delay_valid_commands(client, subject):
    known = len(client.quarantine)
    for index in range(1000):
        client.publish("session.create", b"{" + str(index).encode(), reply_to=ABSENT)
    created = client.create(subject, seconds=PROMPT_SECONDS)  # after all of them, in the same queue
    assert client.validate(created["tokens"]["session"])["valid"] is True
    client.wait(lambda: len(client.quarantine) >= known + 1000, "a thousand messages in quarantine")
