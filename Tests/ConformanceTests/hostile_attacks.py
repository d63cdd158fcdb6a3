"""The attacks of the hostile hour. Each is a function of an attacker, and derives all randomness from the attacker's
seed."""

import base64
import json
import struct
import uuid

import pika

HOSTILE_TEXTS = [
    "\x1b]0;owned\x07\x1b[2J", "\u202e\u2066gnp.exe", "\x00\x01\x7f\x85\x9b", "e\u0301 \u00e9", "\u212aelvin", "\u0130i\u0307",
    "{{7*7}}${jndi:ldap://x}", "'; FLUSHALL; --", "../../etc/passwd", "a" * 256, "\U0001f469\u200d\U0001f469" * 20, "\n\r\n2026 forged",
]
ODD_NUMBERS = [0, -1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), 1e308, 0.1, True, None, "1", [], {}]
KNOWN = [
    "session.create", "session.validate", "session.refresh", "session.elevate", "session.reauthenticate", "session.update",
    "session.transfer.begin", "session.transfer.complete", "session.revoke", "session.lock", "session.unlock", "subject.disable",
    "subject.enable", "session.get", "session.list", "session.activity", "factor.enroll", "factor.confirm", "factor.remove",
    "factor.list", "policy.put", "policy.get", "policy.remove", "policy.list",
]  # fmt: skip


def pid(node, tail=b"\0\0\1\2\0\0\0\0\x60\1\2\3"):
    """A direct reply-to's process identifier as Erlang's external term format has it."""
    return base64.b64encode(b"\x83X" + b"w" + bytes([len(node)]) + node + tail).decode()


def bad_reply_to(attacker):
    random, namespace = attacker.random, attacker.namespace
    direct = "amq.rabbitmq.reply-to."
    address = random.choice([
        direct + "AAAA..key", direct + ".AAAA.k", direct + "AAAA.k", direct + pid(b"\xff\xfe") + ".k", direct + pid(b"rabbit@gone") + ".k",
        direct + pid(b"") + ".k", direct + pid(b"rabbit@x", b"") + ".k", direct + pid(b"sojourn@127.0.0.1") + "." + "k" * 100, direct,
        direct + "g1hkAA.k", "amq.rabbitmq.trace", "amq.gen-nobody", f"{namespace}.quarantine", f"{namespace}.commands.manage",
        f"{namespace}.", "nobody-" + uuid.UUID(int=random.getrandbits(128)).hex, "x" * 255, "\u202e", attacker.unread,
    ])  # fmt: skip
    token = random.choice(["x", attacker.stolen()])
    attacker.send("session.validate", {"token": token}, reply_to=address)


def huge_lists(attacker):
    for _ in range(attacker.random.choice([1, 1, 1, 8])):
        command = attacker.random.choice(["session.list", "session.list", "session.activity"])
        body = {"subject": "crowd", "includeEnded": True} if command == "session.list" else {"sessionId": attacker.crowd, "limit": 200}
        attacker.send(command, body, reply_to=attacker.unread)


def large_headers(attacker):
    random = attacker.random
    headers = random.choice([
        {"pad": "x" * random.choice([100_000, 130_500, 131_000])},
        {f"h{number}": True for number in range(random.choice([500, 4000, 9000]))},
        {"deep": _nest(random.choice([10, 15, 17, 200]))},
        {"many": [None] * random.choice([1000, 20_000, 60_000])},
        {"deadline": random.choice([2**62, -1, "soon", 1.5, None, 0])},
        {"x-death": [{"count": 2**60}], "x-delivery-count": 2**62, "CC": []},
        {"traceparent": random.choice(HOSTILE_TEXTS), "tracestate": "x" * 100_000},
    ])  # fmt: skip
    through = random.choice(["", "", attacker.retry])
    command = "session.validate" if through else random.choice(KNOWN)
    attacker.send(command, {"token": "x"}, headers=headers, queue=through)


def _nest(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def unreadable_properties(attacker):
    random = attacker.random
    bad = bytes(random.choices([0xFF, 0xC3, 0xED, 0xA0, 0x80], k=random.randint(1, 60)))
    flag = random.choice([15, 14, 10, 9, 7, 5, 3])  # content type and encoding, correlation id, reply-to, id, type, app id
    table = bytes([1, 97]) + random.choice([b"V", b"A\0\0\x40\0" + b"V" * 0x4000, bytes([0xFF]) + b"V"])
    listed = random.choice([
        struct.pack(">H", 1 << flag) + bytes([len(bad)]) + bad,
        struct.pack(">H", random.choice([1, 2, 3])),
        struct.pack(">HI", 1 << 13, len(table)) + table,
        struct.pack(">HBBQ", 1 << 12 | 1 << 11 | 1 << 6, 255, 255, 2**64 - 1),
    ])  # fmt: skip
    attacker.send_raw(random.choice(KNOWN), listed, b'{"token":"x"}')


def wrong_bodies(attacker):
    random = attacker.random
    whole = json.dumps({"subject": "wrong", "attributes": {"a": [1, 2, {"b": "c"}]}, "idleSeconds": 5}).encode()
    damaged = bytearray(whole)
    for _ in range(random.randint(1, 4)):
        damaged[random.randrange(len(damaged))] = random.randrange(256)
    body = random.choice([
        b"", b"[]", b"null", whole[: random.randrange(len(whole))], bytes(damaged), b"[" * 60_000, b'{"a":' * 12_000, b'{"a":1,"a":2}',
        random.randbytes(random.randint(1, 2000)), b"x" * random.choice([65_536, 65_537, 300_000]), b'{"subject":"\xed\xa0\x80"}',
        json.dumps({"subject": "w", "idleSeconds": random.choice(ODD_NUMBERS)}).encode(),
        json.dumps({"subject": "w", "context": {"maxTravel\u212amh": 1}}).encode(),
        json.dumps({"tokn": attacker.stolen(), "token": "x"}).encode(), json.dumps({attacker.stolen(): 1}).encode(),
    ])  # fmt: skip
    attacker.send(random.choice(KNOWN), body)


def wrong_properties(attacker):
    random = attacker.random
    attacker.send("session.create", {"subject": "wrong"}, **random.choice([
        {"content_type": "text/plain"}, {"content_encoding": "gzip"}, {"type": "session.revoke"}, {"message_id": ""},
        {"message_id": "m" * 129}, {"message_id": None}, {"expiration": "1"}, {"priority": 255}, {"timestamp": 2**63},
        {"correlation_id": random.choice(HOSTILE_TEXTS)[:100]}, {"app_id": random.choice(HOSTILE_TEXTS)[:100]},
    ]))  # fmt: skip


def unknown_commands(attacker):
    random = attacker.random
    name = random.choice(["session.nonsense", "policy.nonsense", "factor.x.y", "x" * 255, "..", "#", "session.", *HOSTILE_TEXTS[:4]])
    attacker.send(name, {"token": attacker.stolen()})


def duplicate_ids(attacker):
    random = attacker.random
    message_id = f"{attacker.mark}-twice-{random.randrange(20)}"
    for _ in range(random.randint(1, 12)):
        subject = f"twice-{random.randrange(3)}"
        attacker.send(random.choice(["session.create", "session.revoke"]), {"subject": subject}, message_id=message_id)


def hostile_texts(attacker):
    random = attacker.random
    text = random.choice(HOSTILE_TEXTS)
    attacker.send(*random.choice([
        ("session.create", {"subject": text, "device": {"name": text, "id": text}, "context": {"userAgent": text}}),
        ("session.create", {"subject": "texts", "attributes": {text: text * 20}, "actor": text}),
        ("session.revoke", {"subject": text, "reason": text}),
        ("factor.enroll", {"subject": "texts", "type": "totp", "label": text, "issuer": text}),
        ("policy.put", {"name": text, "policy": {"maxSessions": random.choice(ODD_NUMBERS)}}),
    ]))  # fmt: skip


def context_tricks(attacker):
    random = attacker.random
    context = random.choice([
        {"ip": "203.0.113.9", "country": "KP"}, {"country": "xx"}, {"latitude": 1e308, "longitude": -1e308}, {"fingerprint": "other"},
        {"ip": "::ffff:1.2.3.4"}, {"asn": 2**63}, {"latitude": 90, "longitude": 180, "country": "NZ"}, {},
    ])  # fmt: skip
    command = random.choice(["session.validate", "session.update", "session.transfer.begin", "session.get"])
    attacker.send(command, {"token": attacker.stolen(), "context": context})


def guesses(attacker):
    random = attacker.random
    code = f"{random.randrange(10**6):06}"
    attacker.send(*random.choice([
        ("factor.confirm", {"subject": "guessed", "factorId": attacker.factor, "code": code}),
        ("session.create", {"subject": "guessed", "factor": {"type": "totp", "code": code}}),
        ("session.create", {"subject": "guessed", "factor": {"type": "recovery", "code": "aaaaa-bbbbb"}}),
        ("session.elevate", {"token": attacker.stolen(), "factor": {"type": "totp", "code": code}}),
        ("session.transfer.complete", {"ticket": "sjt_" + "A" * 50}), ("session.validate", {"token": "sjs_" + "A" * 50}),
        ("session.validate", {"token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}),
    ]))  # fmt: skip


def mass_endings(attacker):
    """In its own tenant."""
    random = attacker.random
    for number in range(random.randint(1, 5)):
        attacker.send("session.create", {"tenant": "doomed", "subject": f"doomed-{number}"})
    attacker.send("session.revoke", {"tenant": "doomed", "all": True})


def full_queues(attacker):
    """A downstream queue that accepts one message and then rejects all, for a while."""
    attacker.toggle_full_queue(attacker.random.choice(["results", "events"]))


ATTACKS = [
    bad_reply_to, bad_reply_to, huge_lists, large_headers, unreadable_properties, wrong_bodies, wrong_bodies, wrong_properties,
    unknown_commands, duplicate_ids, hostile_texts, context_tricks, guesses, mass_endings, full_queues,
]  # fmt: skip


class Attacker:
    """Sends attacks over its own connections, and ignores answers. `user`: the sender's user_id; None for none."""

    def __init__(self, hour, random, user):
        self.namespace, self.random, self.user, self.hour = hour.namespace, random, user, hour
        self.mark = "bad" if user else "no"
        self.crowd, self.factor, self.retry, self.unread = hour.crowd, hour.factor, hour.retry, hour.unread
        self.sent = 0
        self.channel = self.raw = None
        self.full = {}

    def attack(self):
        random = self.random
        try:
            random.choice(ATTACKS)(self)
        except (pika.exceptions.AMQPError, OSError, AssertionError):
            # RabbitMQ rejects some of these, and closes the sender's connection.
            self.close()

    def stolen(self):
        return self.random.choice(self.hour.stolen)

    def send(self, command, body, *, queue="", **properties):
        self.sent += 1
        given = {"message_id": f"{self.mark}-{self.sent}", "correlation_id": f"c{self.sent}", "reply_to": self.unread}
        given |= {"user_id": self.user} | properties
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        exchange, key = ("", queue) if queue else (f"{self.namespace}.commands", command)
        listed = pika.BasicProperties(**{name: value for name, value in given.items() if value is not None})
        self._open().basic_publish(exchange, key, raw, listed)

    def send_raw(self, command, listed, body):
        self.sent += 1
        if self.raw is None:
            self.raw = self.hour.raw_publisher()
        self.raw.publish(f"{self.namespace}.commands", command, listed, body)

    def toggle_full_queue(self, exchange):
        channel = self._open()
        if exchange in self.full:
            channel.queue_delete(self.full.pop(exchange))
            return
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        queue = channel.queue_declare(f"{self.namespace}-full-{self.mark}-{exchange}", arguments=arguments).method.queue
        channel.queue_bind(queue, f"{self.namespace}.{exchange}", "#")
        self.full[exchange] = queue

    def rest(self):
        """Deletes what would hold up others."""
        for exchange in list(self.full):
            self.toggle_full_queue(exchange)

    def _open(self):
        if self.channel is None or not self.channel.is_open:
            self.channel = self.hour.open_channel()
        return self.channel

    def close(self):
        for each in (self.channel and self.channel.connection, self.raw):
            try:
                if each:
                    each.close()
            except (pika.exceptions.AMQPError, OSError, AssertionError):
                pass  # it is gone already
        self.channel = self.raw = None
