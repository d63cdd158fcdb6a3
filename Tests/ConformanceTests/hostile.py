"""The hostile hour: two workers under all attacks at once must answer well-formed commands within a second.

To run it by hand, for any time, on your own servers:

    SOJOURN_TEST_AMQP_URL=… SOJOURN_TEST_REDIS_URL=… SOJOURN_BIN=… python hostile.py --seconds 3600 [--seed N]

The seed, which is printed, determines what is sent, but not when it arrives.
"""

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import pika
import requests

from client import QUEUES
from hostile_attacks import Attacker
from raw_amqp import RawPublisher
from workers import Worker, wait_until

ANSWER_SECONDS = 1
RESIDENT_MIB = 150
ATTACKS_PER_SECOND = 40
HALF_SENT_REQUESTS = 150  # at each worker's admin address
CROWD_SESSIONS = 60  # of 15 KB each: a list is just short of what one page holds
DRAIN_SECONDS = 60
USER = "guest"
TOKEN = re.compile(rb"sj[srt]_[A-Za-z0-9_-]{40}")


class Hour:
    def __init__(self, amqp_url, redis_url, binary, folder, seed, answer_seconds=ANSWER_SECONDS):
        self.amqp_url, self.seed, self.folder, self.answer_seconds = amqp_url, seed, Path(folder), answer_seconds
        self.namespace = f"hostile{uuid.uuid4().hex[:8]}"
        self.faults, self.over = [], threading.Event()
        self.slowest, self.answered, self.attacks, self.resident = 0.0, 0, 0, 0
        self.stolen, self.unread, self.retry = ["x"], f"{self.namespace}-unread", f"{self.namespace}-retry"
        user = pika.URLParameters(amqp_url).credentials.username
        self.user = user
        keyring, callers = self.folder / "keyring.json", self.folder / "callers.json"
        subprocess.run([binary, "keys", "init", str(keyring)], check=True, stdin=subprocess.DEVNULL, timeout=60)
        callers.write_text(json.dumps({user: ["#"], "somebody-else": ["session.validate"]}))
        settings = {
            "SOJOURN_NAMESPACE": self.namespace, "SOJOURN_AMQP_URL": amqp_url, "SOJOURN_REDIS_URL": redis_url,
            "SOJOURN_KEYRING_FILE": str(keyring), "SOJOURN_CALLERS_FILE": str(callers), "SOJOURN_LANES": "2",
        }  # fmt: skip
        self.workers = [Worker(binary, self.folder, f"worker-{number}", settings).await_ready() for number in (1, 2)]

    def run(self, seconds):
        """Returns a summary line. Raises AssertionError with everything that went wrong."""
        self._prepare()
        threads = [threading.Thread(target=self._guarded, args=(work, random.Random(f"{self.seed}-{number}")))
                   for number, work in enumerate([self._attack, self._attack_unpermitted, self._use, self._use, self._use,
                                                  self._half_send, self._watch])]  # fmt: skip
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join()
        self._settle()
        assert not self.faults, f"seed {self.seed}: {len(self.faults)} faults, the first:\n" + "\n".join(self.faults[:20])
        assert self.answered > seconds, f"only {self.answered} well-formed commands were sent"
        return (f"{self.answered} commands answered, the slowest after {self.slowest:.3f} s; {self.attacks} attacks; "
                f"at most {self.resident} MiB resident")

    def stop(self):
        """Ends the workers, deletes what they declared, and returns their exit statuses."""
        statuses = [worker.stop() for worker in self.workers]
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            for queue in [f"{self.namespace}.{queue}" for queue in QUEUES] + [self.unread, self.retry]:
                channel.queue_delete(queue)
            for exchange in ("commands", "unknown", "results", "events", "dead"):
                channel.exchange_delete(f"{self.namespace}.{exchange}")
        return statuses

    # --- what attackers lean on ----------------------------------------------------------------------------------

    def open_channel(self):
        parameters = pika.URLParameters(self.amqp_url)
        parameters.heartbeat = 0
        return pika.BlockingConnection(parameters).channel()

    def raw_publisher(self):
        return RawPublisher(self.amqp_url)

    def _prepare(self):
        user = User(self)
        channel = user.channel
        channel.queue_declare(self.unread, arguments={"x-max-length": 10, "x-overflow": "reject-publish"})
        channel.queue_declare(
            self.retry, arguments={"x-message-ttl": 100, "x-dead-letter-exchange": f"{self.namespace}.commands",
                                   "x-dead-letter-routing-key": "session.validate"})  # fmt: skip
        user.do("policy.put", name="crowd", policy={"maxSessions": 0})
        # In force on every worker within a second.
        body = {"subject": "crowd", "policy": "crowd"}
        wait_until(lambda: all(user.ask("session.create", body)["status"] == "succeeded" for _ in range(8)), 5, "the policy")
        attributes = {"pad": "x" * 15_000}
        for _ in range(CROWD_SESSIONS):
            created = user.do("session.create", subject="crowd", policy="crowd", attributes=attributes)
        self.crowd = created["session"]["id"]
        self.factor = user.do("factor.enroll", subject="guessed", type="totp")["factorId"]
        self.stolen = [user.do("session.create", subject=f"stolen-{n}")["tokens"]["session"] for n in range(4)]
        user.close()

    # --- the threads ---------------------------------------------------------------------------------------------

    def _guarded(self, work, random):
        try:
            work(random)
        except Exception as error:  # whatever ends a thread ends the hour, and is reported
            self._fault(f"{work.__name__} ended: {type(error).__name__}: {error}")
            self.over.set()

    def _fault(self, what):
        self.faults.append(f"{time.strftime('%H:%M:%S')} {what}")

    def _attack(self, random, user=USER):
        attacker = Attacker(self, random, user and self.user)
        try:
            while not self.over.wait(1 / ATTACKS_PER_SECOND * random.uniform(0.5, 4)):
                attacker.attack()
                self.attacks += 1
            attacker.rest()
        finally:
            attacker.close()

    def _attack_unpermitted(self, random):
        self._attack(random, user=None)

    def _use(self, random):
        """A user who logs in, is validated, refreshes and logs out; each answer must come within a second."""
        user = User(self)
        while not self.over.is_set():
            user.live(random)
        user.close()

    def _half_send(self, random):
        """Incomplete requests, at the addresses of the workers' health endpoints."""
        held = []
        while not self.over.wait(0.05):
            worker = random.choice(self.workers)
            host, port = worker.admin.rsplit(":", 1)
            try:
                half = socket.create_connection((host, int(port)), timeout=2)
                half.sendall(random.choice([b"GET /livez HT", b"GET /readyz HTTP/1.1\r\nHost: x\r\nX-A: ", b"POST /", b"\x16\x03", b""]))
                held.append(half)
            except OSError:
                pass  # refusing is fine too
            if len(held) > 2 * HALF_SENT_REQUESTS:
                held.pop(random.randrange(len(held))).close()
        for half in held:
            half.close()

    def _watch(self, _random):
        while not self.over.wait(1):
            for worker in self.workers:
                if not worker.running:
                    self._fault(f"{worker.name} exited with {worker.process.returncode}:\n{worker.log[-2000:]}")
                    self.over.set()
                    return
                status = Path(f"/proc/{worker.process.pid}/status").read_text()
                resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024
                self.resident = max(self.resident, resident)
                if resident > RESIDENT_MIB:
                    self._fault(f"{worker.name} has {resident} MiB resident")
                try:
                    answer = requests.get(f"http://{worker.admin}/livez", timeout=2).status_code
                    if answer != 200:
                        self._fault(f"{worker.name} answers /livez with {answer}")
                except requests.RequestException as error:
                    self._fault(f"{worker.name} does not answer /livez: {type(error).__name__}")

    # --- the end -------------------------------------------------------------------------------------------------

    def _settle(self):
        """Waits until all messages are processed, and checks that quarantine has exactly what it should."""
        channel = self.open_channel()

        def waiting():
            return {
                queue: count for queue in QUEUES if queue != "quarantine"
                if (count := channel.queue_declare(f"{self.namespace}.{queue}", passive=True).method.message_count)
            }  # fmt: skip

        try:
            wait_until(lambda: not waiting(), DRAIN_SECONDS, "the queues to be empty")
        except AssertionError:
            self._fault(f"these queues did not drain: {waiting()}")
        for worker in self.workers:
            try:
                worker.await_ready()
            except AssertionError as error:
                self._fault(f"{worker.name} is not ready at the end: {error}")
        while True:
            method, properties, body = channel.basic_get(f"{self.namespace}.quarantine", auto_ack=True)
            if method is None:
                break
            self._look_into_quarantine(method, properties, body)
        channel.connection.close()

    def _look_into_quarantine(self, method, properties, body):
        known = method.routing_key.partition(".")[0] in ("session", "subject", "policy", "factor")
        reason = (properties.headers or {}).get("x-sojourn-reason")
        name = properties.message_id if isinstance(properties.message_id, str) else ""  # bytes, if it is not UTF-8
        if name.startswith("good-"):
            self._fault(f"a well-formed {method.routing_key} is in quarantine: {reason}")
        if name.startswith("no-") and known and reason not in ("unknown_command", "malformed_message"):
            self._fault(f"{method.routing_key} of somebody who may not is in quarantine: {reason}")
        if reason not in ("malformed_message", "invalid_field", "unknown_command", "unsupported_media_type", "message_too_large",
                          "message_id_required"):  # fmt: skip
            self._fault(f"{method.routing_key} is in quarantine because of {reason}")
        if TOKEN.search(body):
            self._fault(f"a token lies open in quarantine, of {method.routing_key} {properties.message_id}: {reason}")


class User:
    """A well-behaved service that waits for each answer."""

    def __init__(self, hour):
        self.hour, self.name, self.replies = hour, uuid.uuid4().hex[:8], {}
        self.channel = hour.open_channel()
        self.queue = self.channel.queue_declare(f"replies-{hour.namespace}-{self.name}", exclusive=True).method.queue

        def on_reply(_channel, _method, properties, body):
            self.replies[properties.correlation_id] = json.loads(body)

        self.channel.basic_consume(self.queue, on_reply, auto_ack=True)
        self.sent = 0

    def live(self, random):
        subject = f"user-{self.name}-{random.randrange(50)}"
        session = self.do("session.create", subject=subject, context={"ip": "192.0.2.1", "country": "DE"})
        token, refresh = session["tokens"]["session"], session["tokens"]["refresh"]
        for _ in range(random.randint(1, 6)):
            self._expect(self.do("session.validate", token=token)["valid"] is True, "a living session is not valid")
        self.do(*random.choice([("session.get", {"token": token}), ("session.list", {"subject": subject}),
                                ("session.update", {"token": token, "attributes": {"a": 1}}), ("policy.get", {"name": "default"}),
                                ("factor.list", {"subject": subject}), ("session.refresh", {"refreshToken": refresh})]))  # fmt: skip
        self._expect(self.do("session.revoke", token=token)["count"] == 1, "a living session was not revoked")
        self._expect(self.do("session.validate", token=token)["valid"] is False, "a revoked session is valid")

    def do(self, command, fields=None, **body):
        reply = self.ask(command, (fields or {}) | body)
        assert reply["status"] == "succeeded", f"{command}: {reply}"
        return reply["data"]

    def ask(self, command, body):
        self.sent += 1
        name = f"good-{self.name}-{self.sent}"
        properties = pika.BasicProperties(
            message_id=name, correlation_id=name, reply_to=self.queue, user_id=self.hour.user, content_type="application/json",
            delivery_mode=2)  # fmt: skip
        raw = json.dumps(body).encode()
        began = time.monotonic()
        self.channel.basic_publish(f"{self.hour.namespace}.commands", command, raw, properties)
        while name not in self.replies:
            self.channel.connection.process_data_events(time_limit=0.05)
            assert time.monotonic() - began < 30, f"{command} has no answer after 30 s"
        took = time.monotonic() - began
        self.hour.slowest, self.hour.answered = max(self.hour.slowest, took), self.hour.answered + 1
        if took > self.hour.answer_seconds:
            self.hour._fault(f"{command} was answered after {took:.2f} s")
        return self.replies.pop(name)

    def _expect(self, is_so, what):
        if not is_so:
            self.hour._fault(what)

    def close(self):
        self.channel.connection.close()


def main():
    parser = argparse.ArgumentParser(description="two workers under all attacks at once")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", default=str(time.time_ns()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    names = ("SOJOURN_TEST_AMQP_URL", "SOJOURN_TEST_REDIS_URL", "SOJOURN_BIN")
    with tempfile.TemporaryDirectory() as folder:
        hour = Hour(*(os.environ[name] for name in names), folder, arguments.seed)
        try:
            print(hour.run(arguments.seconds))
        finally:
            statuses = hour.stop()
    assert statuses == [0, 0], f"the workers ended with {statuses}"


if __name__ == "__main__":
    sys.exit(main())
