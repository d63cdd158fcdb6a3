"""Redis and the logs reveal no identity and no secret. Everything written to them is searched."""

import base64
import codecs
import hashlib
import ipaddress
import json
import re
import socket
import threading
import urllib.parse
import uuid
from urllib.parse import urlsplit

import pytest
import redis
import requests

from collector import Collector, attributes
from tour import POLICIES, Words, secrets, tour
from workers import wait_until

WORDS = Words(
    subject="Zoë Quixotic-Wombat <zoe@quixotic.example>",
    tenant="Tenant_Bandersnatch-9",
    actor="actor:Jabberwock@example",
    reason="reason_vorpal_snicker",
    policy="Policy-Tulgey-Wood",
    label="Zoë's Brillig Phone",
    issuer="Issuer Slithy Toves Ltd",
    device={
        "id": "device-id-mimsy-borogoves", "name": "Device Mome Raths Outgrabe", "platform": "platform-gimble-wabe",
        "fingerprint": "fingerprint-uffish-thought-1234",
    },
    context={
        "ip": "2001:db8:7a3c:91e2:4b5d:6f80:1a2b:3c4d", "userAgent": "Mozilla/5.0 (Frumious; Jubjub) Gecko",
        "fingerprint": "fingerprint-manxome-foe-5678", "country": "DE", "region": "Region Tumtum Tree",
        "city": "City Callooh Callay", "latitude": 52.123456789, "longitude": 13.987654321, "asn": 4200000123,
    },
    attributes={"attributeKeyFrabjous": "attribute value Beamish Boy", "nested": {"deep": "deep value Galumphing"}},
)  # fmt: skip
OUR_OWN = {"fingerprint", "userAgent", "latitude", "longitude", "platform"}  # key names of the contract, not values


# --- what to look for --------------------------------------------------------------------------------------------


def strings(node):
    """Every string in a value, including keys, that is too long to appear by chance."""
    if isinstance(node, dict):
        found = [*node, *node.values()]
    elif isinstance(node, (list, tuple)):
        found = node
    else:
        return {node} if isinstance(node, str) and len(node) >= 8 else set()
    return set().union(*map(strings, found))


def forms(raw):
    """The encodings in which bytes may appear."""
    shapes = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        # Characters of base64 that depend on adjacent bytes are cut off.
        text = base64.b64encode(bytes(offset) + raw).rstrip(b"=")
        text = text[offset + (offset > 0) : len(text) - (1 if (offset + len(raw)) % 3 else 0)]
        shapes |= {text, text.replace(b"+", b"-").replace(b"/", b"_")}
    return {each for each in shapes if len(each) >= 8}


class Needles(dict):
    """What must appear nowhere: bytes to a description."""

    def add(self, meaning, raw):
        self.update(dict.fromkeys(forms(raw), meaning))


def needles(client):
    """Identities, and secrets that give access."""
    found = secret_needles(client)
    for text in strings(list(vars(WORDS).values())) - OUR_OWN:
        found.add(f"the value {text!r}", text.encode())
        found.add(f"the value {text!r}, escaped", json.dumps(text)[1:-1].encode())
        found.add(f"the value {text!r}, percent-encoded", urllib.parse.quote(text).encode())
    address = ipaddress.ip_address(WORDS.context["ip"])
    found.add("the address in full", address.exploded.encode())
    found.add("the packed address", address.packed)
    for number in (WORDS.context["latitude"], WORDS.context["longitude"]):
        found.add("a coordinate", str(number).encode())
    for name in ("md5", "sha1", "sha256", "sha512"):
        # An unkeyed digest would reveal subjects to anyone with a list of candidates.
        found.add(f"the subject's {name}", hashlib.new(name, WORDS.subject.encode()).digest())
    return found


def secret_needles(client):
    """Secrets that give access."""
    found, given = Needles(), secrets(client)
    for token in given["token"]:
        found.add("a token", token.encode())
        body = base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))
        for start in range(24, len(body) - 15):  # the session id before that is not secret
            found[body[start : start + 16]] = "16 bytes of a token"
    for token in given["access"]:
        _, payload, signature = token.split(".")
        found.add("an access token", token.encode())
        found.add("an access token's payload", payload.encode())
        found.add("an access token's signature", base64.urlsafe_b64decode(signature + "=="))
    for secret in given["totp"]:
        found.add("a TOTP secret in base32", secret.encode())
        found.add("a TOTP secret in small base32", secret.lower().encode())
        found.add("a TOTP secret", base64.b32decode(secret))
    for code in given["recovery"]:
        found.add("a recovery code", code.encode())
        found.add("a recovery code without its hyphen", code.replace("-", "").encode())
    for uri in given["uri"]:
        found.add("a URI of an enrolment", uri.encode())
    return found


def search(needles, haystack):
    return sorted({meaning for needle, meaning in needles.items() if needle in haystack})


# --- where to look -----------------------------------------------------------------------------------------------


class Monitor:
    """Everything sent to Redis by any client, from MONITOR."""

    def __init__(self, url):
        server = urlsplit(url)
        self._socket = socket.create_connection((server.hostname, server.port or 6379), timeout=10)
        self._chunks = []
        self._socket.sendall(b"MONITOR\r\n")
        assert self._socket.recv(5) == b"+OK\r\n"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            try:
                chunk = self._socket.recv(1 << 16)
            except OSError:
                return
            if not chunk:
                return
            self._chunks.append(chunk)

    def stop(self, store):
        """Everything up to a marker that is sent last."""
        last = f"the-last-word-{uuid.uuid4().hex}"
        store.echo(last)
        wait_until(lambda: last.encode() in b"".join(self._chunks[-5:]), 10, "the end of what MONITOR tells")
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()
        raw = b"".join(self._chunks)
        lines = [line for line in raw.split(b"\r\n") if line.startswith(b"+")]
        return b"\n".join(codecs.escape_decode(line)[0] for line in lines)  # undoes MONITOR's escaping


def dump(store, namespace):
    """Names and values of all keys of a namespace, each read by its type, and as DUMP returns it."""
    readers = {
        b"string": lambda key: [store.get(key)],
        b"hash": lambda key: [part for pair in store.hgetall(key).items() for part in pair],
        b"zset": lambda key: [part for pair in store.zrange(key, 0, -1, withscores=True) for part in pair],
        b"set": lambda key: list(store.smembers(key)),
        b"list": lambda key: store.lrange(key, 0, -1),
        b"stream": lambda key: [
            part for name, fields in store.xrange(key) for part in (name, *fields.keys(), *fields.values())
        ],
    }
    parts = []
    for key in store.scan_iter(match=f"{namespace}:*", count=1000):
        kind = store.type(key)
        if kind == b"none":
            continue  # expired in the meantime
        parts += [key, store.dump(key) or b""]
        read = [each for each in readers[kind](key) if each is not None]
        parts += [each if isinstance(each, bytes) else str(each).encode() for each in read]
    return b"\n".join(parts)


@pytest.fixture(scope="module")
def audit_file(tmp_path_factory):
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


@pytest.fixture(scope="module")
def collector():
    """Of the worker's traces."""
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def worker(start_worker, policy_file, audit_file, collector):
    audit = {"audit": "all", "audit_file": str(audit_file)}
    tracing = {"otlp_url": collector.url, "trace_ratio": "1", "traces_per_second": "10000"}
    return start_worker(policy_file=policy_file(POLICIES), log_level="trace", **audit, **tracing).await_ready()


@pytest.fixture(scope="module")
def run(client, redis_url, namespace):
    """Runs a tour through everything; returns what was sent to Redis meanwhile, and what it held at the end."""
    monitor = Monitor(redis_url)
    tour(client, WORDS)
    with redis.Redis.from_url(redis_url) as store:
        # Living sessions, so that the stored data includes every kind of record.
        kept = {"subject": WORDS.subject, "tenant": WORDS.tenant}
        described = {"device": WORDS.device, "context": WORDS.context, "attributes": WORDS.attributes}
        created = client.do("session.create", **kept, **described, actor=WORDS.actor)
        client.do("session.transfer.begin", token=created["tokens"]["session"], tenant=WORDS.tenant)
        client.do("factor.enroll", **kept, type="totp", label=WORDS.label, issuer=WORDS.issuer)
        at_rest = dump(store, namespace)
        return {"sent": monitor.stop(store), "at rest": at_rest}


def test_the_search_finds_existing_secrets(client, run, namespace):
    """Otherwise the other tests would pass on anything."""
    found = needles(client)
    assert len(found) > 1000
    for disguise in (bytes, base64.b64encode, base64.urlsafe_b64encode, lambda raw: raw.hex().encode()):
        for prefix in (b"", b"x", b"xy"):
            hidden = disguise(prefix + WORDS.subject.encode() + b"suffix")
            assert search(found, b"before" + hidden + b"after"), "the search does not see a disguise"
    for where, haystack in run.items():
        assert len(haystack) > 1000 and namespace.encode() in haystack, f"nothing was {where}"
    assert re.search(rb"eval|fcall", run["sent"], re.IGNORECASE), "no commit was seen"


def test_nothing_in_redis_reveals_a_secret_or_an_identity(client, run):
    assert search(needles(client), run["at rest"]) == []


def test_nothing_ever_sent_to_redis_reveals_a_secret_or_an_identity(client, run):
    assert search(needles(client), run["sent"]) == []


def test_no_log_reveals_a_secret_or_an_identity(client, worker, run):
    log = worker.log_path.read_bytes()
    assert len(log) > 200, "there is hardly a log"
    assert search(needles(client), log) == []


def test_no_public_message_contains_a_secret(client, run):
    """It names the subject, but gives no access."""
    messages = [*client.results, *client.events]
    assert len(messages) > 80, "there was hardly anything published"
    found = secret_needles(client)
    assert search(found, b"\n".join(each.raw for each in messages)) == []
    told = [f"{each.headers['x-sojourn-error']} {each.headers['x-sojourn-reason']}" for each in client.quarantine]
    assert len(told) >= 4, "of what is kept in quarantine nothing is said"
    assert search(found, "\n".join(told).encode()) == []


def test_the_audit_log_names_people_and_contains_no_secret_and_nothing_else_of_them(client, run, audit_file):
    log = audit_file.read_bytes()
    assert json.dumps(WORDS.subject, ensure_ascii=False).encode() in log and WORDS.actor.encode() in log
    told = strings([WORDS.subject, WORDS.tenant, WORDS.actor, WORDS.reason, WORDS.policy])
    found = search(needles(client), log)
    assert [each for each in found if not any(repr(word) in each for word in told)] == []


def test_no_trace_reveals_a_secret_or_an_identity(client, collector, run):
    commands = {message.body["command"] for message in client.results}
    assert len(commands) > 20

    def are_traced():
        return commands <= {attributes(span).get("sojourn.command") for span in list(collector.taken)}

    wait_until(are_traced, 30, "a trace of every command")
    bodies = b"\n".join(body for _, _, body in list(collector.requests))
    assert search(needles(client), bodies) == []


@pytest.mark.parametrize("path", ["/metrics", "/status.json"])
def test_metrics_and_status_reveal_no_identity(client, worker, run, path):
    text = requests.get(f"http://{worker.admin}{path}", timeout=5).content
    assert search(needles(client), text) == []


def test_sealing_the_same_value_twice_gives_different_bytes(client, redis_url, namespace):
    """Otherwise equal records could be recognised."""
    with redis.Redis.from_url(redis_url) as store:
        body = {"attributes": WORDS.attributes, "device": WORDS.device}
        for number in range(5):
            client.create(f"same-{number}", **body)
        values = []
        for key in store.scan_iter(match=f"{namespace}:*", count=1000):
            if store.type(key) == b"hash":
                values += [each for each in store.hvals(key) if len(each) > 32]
    assert len(values) >= 10 and len(set(values)) == len(values)
    beginnings = [each[:16] for each in values]
    assert len(set(beginnings)) == len(beginnings), "two records begin alike: a nonce was used twice"
