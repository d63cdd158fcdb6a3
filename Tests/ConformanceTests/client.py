"""An independent client of the wire contract: pika, without any of Sojourn's own code.

Every reply, result and event received is checked against schemas/, whatever the test checks itself, and public messages
are checked for secrets.
"""

import json
import re
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

import pika

from schemas_support import validate_command, validate_event, validate_result
from seen import see_event, see_result
from servers import broker_parameters, open_broker

SECONDS = 20  # a generous limit for a busy machine with a debug build; tests of speed set their own
DIRECT = "amq.rabbitmq.reply-to"
QUEUES = ["commands.validate", "commands.manage", "commands.revoke", "commands.admin", "commands.unknown", "quarantine"]
EXCHANGES = ["commands", "unknown", "results", "events", "dead"]
ABSENT = object()


@dataclass
class Message:
    """A received message: a reply, a result, an event, or a quarantined message."""

    routing_key: str
    properties: pika.BasicProperties
    raw: bytes
    body: dict = field(init=False)

    def __post_init__(self):
        try:
            self.body = json.loads(self.raw)
        except (ValueError, RecursionError):
            self.body = None  # quarantine also keeps unreadable bodies

    @property
    def headers(self):
        return self.properties.headers or {}

    @property
    def status(self):
        return self.body["status"]

    @property
    def data(self):
        assert self.status == "succeeded", f"not succeeded: {self.body}"
        return self.body["data"]

    @property
    def code(self):
        assert self.status != "succeeded", f"neither rejected nor failed: {self.body}"
        return self.body["error"]["code"]

    @property
    def path(self):
        return self.body["error"]["path"]


class Client:
    def __init__(self, amqp_url, namespace):
        self.namespace = namespace
        self.user = broker_parameters(amqp_url)[0].credentials.username
        self.replies = defaultdict(list)  # by correlation id, in order of arrival
        self.results = []
        self.events = []
        self.quarantine = []
        self.violations = []
        self.connection = open_broker(amqp_url, heartbeat=0)  # a test may not poll for longer than any heartbeat
        self.channel = self.connection.channel()
        # Named by us: names that RabbitMQ generates begin with amq., and no reply is sent there.
        self.reply_queue = self.channel.queue_declare(f"replies.{uuid.uuid4().hex}", exclusive=True).method.queue
        self._consume(self.reply_queue, self._on_reply)
        self._consume(DIRECT, self._on_reply)
        self._consume(self._listen("results"), self._on_result)
        self._consume(self._listen("events"), self._on_event)
        self._consume(f"{namespace}.quarantine", self._on_quarantine)

    def _listen(self, exchange):
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(queue, f"{self.namespace}.{exchange}", "#")
        return queue

    def _consume(self, queue, take):
        def on_message(_channel, method, properties, raw):
            take(Message(method.routing_key, properties, raw))

        self.channel.basic_consume(queue, on_message, auto_ack=True)

    def close(self):
        self.connection.close()

    # --- what comes in ---------------------------------------------------------------------------------------------

    def _on_reply(self, message):
        self._check("reply", message, validate_result, _command(message), message.body, "reply")
        see_result(message.body)
        self.replies[message.properties.correlation_id].append(message)

    def _on_result(self, message):
        self._check("result", message, validate_result, message.routing_key.rpartition(".")[0], message.body, "copy")
        self._check("result", message, without_secrets, message)
        self.results.append(message)

    def _on_event(self, message):
        self._check("event", message, validate_event, message.body)
        self._check("event", message, without_secrets, message)
        see_event(message.body)
        self.events.append(message)

    def _on_quarantine(self, message):
        self.quarantine.append(message)

    def _check(self, kind, message, check, *arguments):
        try:
            check(*arguments)
        except Exception as violation:  # raised again where a test waits; pika would swallow it inside a callback
            self.violations.append(f"{kind} {message.raw[:2000]!r}: {violation}")

    # --- what goes out ---------------------------------------------------------------------------------------------

    def publish(self, command, body, *, message_id=None, correlation_id=None, reply_to=None, **properties):
        """Publishes a dictionary as JSON, or bytes unchanged. Returns the id under which the reply is filed.

        message_id: a new one by default. ABSENT omits message_id, correlation_id or reply_to.
        """
        message_id = str(uuid.uuid4()) if message_id is None else message_id
        correlation_id = str(uuid.uuid4()) if correlation_id is None else correlation_id
        reply_to = self.reply_queue if reply_to is None else reply_to
        given = {"message_id": message_id, "correlation_id": correlation_id, "reply_to": reply_to}
        properties = {"content_type": "application/json", "delivery_mode": 2} | properties
        properties |= {key: value for key, value in given.items() if value is not ABSENT}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        exchange = f"{self.namespace}.commands"
        self.channel.basic_publish(exchange, command, raw, pika.BasicProperties(**properties))
        return message_id if correlation_id is ABSENT else correlation_id

    def call(self, command, body, *, seconds=SECONDS, **properties):
        """Sends a command that is valid by schemas/ and waits for its reply. For invalid ones: `attempt`."""
        validate_command(command, body)
        return self.attempt(command, body, seconds=seconds, **properties)

    def attempt(self, command, body, *, seconds=SECONDS, **properties):
        """Sends any body and waits for the reply."""
        return self.await_reply(self.publish(command, body, **properties), seconds)

    def do(self, command, **body):
        """Sends a command that must succeed, and returns the data of its result."""
        return self.call(command, body).data

    def refused(self, command, **body):
        """Sends a command that must be rejected or fail, and returns the error code."""
        return self.call(command, body).code

    def create(self, subject, *, seconds=SECONDS, **fields):
        return self.call("session.create", {"subject": subject} | fields, seconds=seconds).data

    def validate(self, token, **fields):
        return self.call("session.validate", {"token": token} | fields).data

    # --- waiting ---------------------------------------------------------------------------------------------------

    def wait(self, condition, what, seconds=SECONDS):
        """Receives messages until `condition` returns a true value, and returns that."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            self.raise_violations()
            if found:
                return found
            assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
            self.connection.process_data_events(time_limit=0.05)

    def raise_violations(self):
        violations, self.violations = self.violations, []
        assert not violations, "against schemas/ or the contract:\n" + "\n".join(violations[:10])

    def await_reply(self, correlation_id, seconds=SECONDS):
        self.wait(lambda: self.replies[correlation_id], f"the reply {correlation_id}", seconds)
        return self.replies[correlation_id][-1]

    def await_copy(self, command_id, seconds=SECONDS):
        """The copy of a result in N.results."""
        return self.wait(
            lambda: next((each for each in self.results if each.body.get("commandId") == command_id), None),
            f"the result of {command_id} in {self.namespace}.results",
            seconds,
        )

    def await_events(self, subject, *types, tenant="default", seconds=SECONDS):
        """The subject's events in order of sequence, once all of these types have arrived, as often as each is
        named."""

        def complete():
            events = self.events_of(subject, tenant)
            kinds = [each.body["type"] for each in events]
            return events if all(kinds.count(kind) >= types.count(kind) for kind in types) else None

        return self.wait(complete, f"events {types} of {subject}", seconds)

    def await_event(self, subject, kind, *, tenant="default", seconds=SECONDS):
        """The last event of this type."""
        events = self.await_events(subject, kind, tenant=tenant, seconds=seconds)
        return [each for each in events if each.body["type"] == kind][-1]

    def events_of(self, subject, tenant="default"):
        """Each event once, in order of sequence."""
        mine = {}
        for event in self.events:
            if event.body["data"]["subject"] == subject and event.body["data"]["tenant"] == tenant:
                known = mine.setdefault(event.body["id"], event)
                assert known.raw == event.raw, f"two events with the id {event.body['id']}"
        return sorted(mine.values(), key=lambda each: int(each.body["sequence"]))

    def kinds(self, subject, tenant="default"):
        """The types of the subject's events. A later command that took every path shows that no more will come."""
        return [each.body["type"] for each in self.events_of(subject, tenant)]

    def final_events(self, subject, tenant="default"):
        """All events of a subject. Disabling the subject produces its last event, so nothing is still on its way."""
        self.do("subject.disable", subject=subject, tenant=tenant, reason="the_end")

        def complete():
            events = self.events_of(subject, tenant)
            last = [each for each in events if each.body["data"].get("reason") == "the_end"]
            numbers = {int(each.body["sequence"]) for each in events}
            return events if last and numbers >= set(range(1, int(last[0].body["sequence"]) + 1)) else None

        events = self.wait(complete, f"all events of {subject}")
        ours = ("the_end", "subject_disabled")
        return [each for each in events if each.body["data"].get("reason") not in ours]

    def final_kinds(self, subject, tenant="default"):
        """The types of all events of a subject, which is disabled afterwards."""
        return [each.body["type"] for each in self.final_events(subject, tenant)]

    # --- the end ---------------------------------------------------------------------------------------------------

    def delete_topology(self):
        for queue in QUEUES:
            self.channel.queue_delete(f"{self.namespace}.{queue}")
        for exchange in EXCHANGES:
            self.channel.exchange_delete(f"{self.namespace}.{exchange}")


# A whole secret, or most of one: a shorter match could be part of an id.
SECRET = re.compile(
    rb"sj[srt]_[A-Za-z0-9_-]{40}"  # a session token, a refresh token, a ticket
    rb"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."  # a JWT
    rb"|otpauth:"
    rb"|(?<![A-Za-z0-9_-])[A-Z2-7]{32}(?![A-Za-z0-9_-])"  # a TOTP secret in base32
    rb"|(?<![A-Za-z0-9_-])[a-z0-9]{5}-[a-z0-9]{5}(?![A-Za-z0-9_-])"  # a recovery code
)
SECRET_KEYS = {"tokens", "token", "refreshToken", "ticket", "secret", "uri", "recoveryCodes", "code"}


def _command(message):
    return (message.properties.type or "").removesuffix(".result")


def without_secrets(message):
    """Fails if a public message contains a secret, or a key that holds one."""
    found = SECRET.search(message.raw)
    assert not found, f"has a secret: {found.group()!r}"
    secrets = set(_keys(message.body)) & SECRET_KEYS
    # An error has a code, which is no secret.
    secrets -= {"code"} if message.body.get("error") else set()
    assert not secrets, f"has the keys {secrets}"


def _keys(node):
    """Every key at every depth, except inside attributes, which belong to the upstream service."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield key
        if key != "attributes":
            yield from _keys(value)
    for each in node if isinstance(node, list) else ():
        yield from _keys(each)
