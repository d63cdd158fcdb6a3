"""What a worker holds in memory when more arrives than it, Redis, the broker or a consumer can take.

`deploy/local/bench --backpressure` runs it at full size on private servers; `test_backpressure.py` runs it small.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress

import pika
import redis

from brokers import Broker
from client import EXCHANGES, QUEUES
from proxy import Proxy, free_port
from raw_amqp import RawPublisher, property_list
from workers import Worker, wait_until

MEBIBYTE = 1 << 20
MOST_MEGABYTES = 150
CHUNK = 2000  # messages per write to the broker's socket
UNREAD = "unread-replies"
SETTLE_SECONDS = 3600


class Redis:
    """A private Redis in memory."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder),
                   "--hash-max-listpack-value", "1024"]  # fmt: skip
        with open(folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_until(self._serves, 20, "Redis to serve")

    def _serves(self):
        with suppress(redis.RedisError):
            return self.client().ping()
        return False

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=10)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=15)


class SlowProxy(Proxy):
    """Delays everything that goes to the server: whatever arrives in the meantime goes with it."""

    def __init__(self, port, seconds):
        super().__init__(("127.0.0.1", port), before_sending=lambda _: time.sleep(self.seconds))
        self.seconds = seconds
        self.restore()


class Messages:
    """Messages with the same routing key, encoded beforehand, so that a million takes seconds to send."""

    def __init__(self, namespace, routing_key, body, **properties):
        self.namespace, self.routing_key, self.properties = namespace, routing_key, properties
        self.body = body  # bytes, or a function of the message's number

    def encoded(self, number):
        body = self.body(number) if callable(self.body) else self.body
        listed = property_list(message_id=f"{number:x}-{self.namespace}", delivery_mode=2, **self.properties)
        return RawPublisher.frames(f"{self.namespace}.commands", self.routing_key, listed, body)


class Scene:
    """A worker of its own in a namespace of its own, on the shared private servers."""

    def __init__(self, place, name, redis_url=None, **settings):
        self.place, self.name = place, name
        self.namespace = f"{name}-{uuid.uuid4().hex[:6]}"
        given = {f"SOJOURN_{key.upper()}": value for key, value in settings.items()}
        self.worker = Worker(place.binary, place.folder, self.namespace, {
            "SOJOURN_NAMESPACE": self.namespace, "SOJOURN_AMQP_URL": place.broker.url,
            "SOJOURN_REDIS_URL": redis_url or place.redis.url, "SOJOURN_KEYRING_FILE": place.keyring,
            "SOJOURN_LANES": "2", "SOJOURN_PREFETCH": "500", "SOJOURN_INBOX_SECONDS": "60",
        } | given)  # fmt: skip
        self.worker.await_ready()
        self.connection = pika.BlockingConnection(_patient(place.broker.url))
        self.channel = self.connection.channel()
        self.start_bytes = self.resident("VmRSS")

    def messages(self, routing_key, body, **properties):
        return Messages(self.namespace, routing_key, body, **properties)

    def send(self, *kinds, count):
        """Publishes so many messages of each kind, in turn. Returns once the broker has all of them."""
        publisher = RawPublisher(self.place.broker.url)
        for start in range(0, count, CHUNK):
            numbers = range(start, min(count, start + CHUNK))
            publisher.write(b"".join(kind.encoded(number) for number in numbers for kind in kinds))
        publisher.close()

    def pause(self):
        """The worker's consumers get nothing: the queues fill."""
        os.kill(self.worker.process.pid, 19)

    def go_on(self):
        os.kill(self.worker.process.pid, 18)

    def waiting(self, queue):
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def left(self):
        """The commands in the queues, and those that the worker has not acknowledged."""
        while True:
            # A broker that frees gigabytes does not answer in time.
            with suppress(subprocess.TimeoutExpired):
                listed = self.place.broker.control("list_queues", "--quiet", "--no-table-headers", "name", "messages")
                break
        prefix = f"{self.namespace}.commands."
        return sum(int(line.split("\t")[1]) for line in listed.splitlines() if line.startswith(prefix))

    def settle(self, seconds=SETTLE_SECONDS):
        deadline = time.monotonic() + seconds
        queues = [f"{self.namespace}.{each}" for each in QUEUES if each.startswith("commands.")]
        while left := sum(self.waiting(queue) for queue in queues) or self.left():
            assert time.monotonic() < deadline, f"{self.name}: {left} commands are left after {seconds} s"
            assert self.worker.running, f"the worker exited with {self.worker.process.returncode}"
            time.sleep(0.5)

    def resident(self, field="VmHWM"):
        status = pathlib.Path(f"/proc/{self.worker.process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) * 1024

    def close(self):
        """Ends the worker, and deletes its queues with what is in them."""
        status = self.worker.stop()
        for queue in [f"{self.namespace}.{each}" for each in QUEUES] + [UNREAD]:
            self.channel.queue_delete(queue)
        for exchange in EXCHANGES:
            self.channel.exchange_delete(f"{self.namespace}.{exchange}")
        self.connection.close()
        with self.place.redis.client() as client:
            client.flushall()
        assert status == 0, f"the worker exited with {status}"


class Place:
    """The private servers of all scenes."""

    def __init__(self, binary, folder, steady_seconds=10):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.steady_seconds = steady_seconds  # how long memory that does not grow any more is watched
        self.keyring = str(self.folder / "keyring.json")
        subprocess.run([binary, "keys", "init", self.keyring], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        (self.folder / "broker").mkdir()
        self.broker = Broker(self.folder / "broker", "log.file.level = warning")
        self.redis = Redis(self.folder)

    @contextmanager
    def scene(self, name, **settings):
        scene = Scene(self, name, **settings)
        try:
            yield scene
        finally:
            scene.close()

    def stop(self):
        self.redis.stop()
        self.broker.stop()


def _patient(url):
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 0
    return parameters


def create(number):
    return b'{"subject":"subject-%d"}' % (number % 50_000)


def largest_create(number):
    """The largest body that is a good command: attributes of 16 KiB, and the longest texts beside them."""
    text = "x" * 256
    return json.dumps({
        "subject": f"{number}-".ljust(256, "s"), "device": {"id": text[:128], "name": text, "platform": text[:64]},
        "attributes": {f"key-{index}": "y" * 64 for index in range(200)},
    }).encode()  # fmt: skip


def largest_bad(_number):
    """As large as a body may be, and a misspelt key: it goes to quarantine whole."""
    head = b'{"subject":"s","zzz":['
    return head + b"1," * ((65_536 - len(head) - 4) // 2) + b"1]}"


VALIDATE = b'{"token":"sjs_none"}'


# --- the scenes: each yields as soon as the worker has been through it -----------------------------------------------


def a_million_commands_wait(place, count):
    """Commands that came while no worker consumed."""
    with place.scene("waiting") as scene:
        scene.pause()
        scene.send(scene.messages("session.validate", VALIDATE), count=count * 4 // 5)
        scene.send(scene.messages("session.create", create), count=count // 5)
        scene.go_on()
        scene.settle()
        yield scene


def replies_are_not_read(place, count):
    """A reply queue without a consumer: the broker has to hold them."""
    with place.scene("unread") as scene:
        scene.channel.queue_declare(UNREAD, durable=True)
        scene.send(scene.messages("session.validate", VALIDATE, reply_to=UNREAD), count=count)
        scene.settle()
        assert scene.waiting(UNREAD) == count, f"{scene.waiting(UNREAD)} of {count} replies"
        yield scene


def redis_is_slow(place, count):
    """Each request takes 150 ms to get to Redis; then it stands still for some seconds."""
    proxy = SlowProxy(place.redis.port, 0.15)
    try:
        with place.scene("slow", redis_url=f"redis://127.0.0.1:{proxy.port}/0") as scene:
            scene.send(
                scene.messages("session.create", create), scene.messages("session.validate", VALIDATE), count=count // 40)
            with place.redis.client() as client:
                client.client_pause(1500)
            scene.settle()
            yield scene
    finally:
        proxy.cut()


def the_broker_is_blocked(place, count):
    """A memory alarm: the worker may consume, and nothing of what it publishes is taken."""
    with place.scene("blocked") as scene:
        scene.channel.queue_declare(UNREAD, durable=True)
        scene.pause()
        scene.send(
            scene.messages("session.create", largest_create, reply_to=UNREAD),
            scene.messages("session.validate", VALIDATE, reply_to=UNREAD), count=count // 50)
        place.broker.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            scene.go_on()
            scene.worker.await_log("has blocked publishing")
            _await_steady(scene)
        finally:
            place.broker.control("set_vm_memory_high_watermark", "0.8")
        scene.settle()
        yield scene


def consumers_queues_are_full(place, count):
    """Queues of results and events that refuse everything, and a reply queue that does."""
    with place.scene("full") as scene:
        for exchange in ("results", "events"):
            full = scene.channel.queue_declare(
                "", exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}).method.queue
            scene.channel.basic_publish("", full, b"full")
            scene.channel.queue_bind(full, f"{scene.namespace}.{exchange}", "#")
        scene.channel.queue_declare(
            UNREAD, durable=True, arguments={"x-max-length": 10, "x-overflow": "reject-publish"})
        scene.send(
            scene.messages("session.create", largest_create, reply_to=UNREAD),
            scene.messages("session.create", create, reply_to=UNREAD), count=count // 50)
        scene.settle()
        yield scene


def bodies_are_as_large_as_they_may_be(place, count):
    """The largest good and bad commands, those that are too large, and a few that are much too large."""
    with place.scene("large") as scene:
        kinds = [
            scene.messages("session.create", largest_create), scene.messages("session.create", largest_bad),
            scene.messages("session.validate", largest_bad), scene.messages("subject.disable", largest_bad),
            scene.messages("session.create", b"x" * 200_000),
        ]  # fmt: skip
        scene.send(*kinds, count=max(10, count // 500))
        scene.send(scene.messages("session.create", b"x" * (30 * MEBIBYTE)), count=max(1, count // 100_000))
        scene.settle()
        yield scene


def the_prefetch_is_full_of_large_bodies(place, count):
    """Redis stands still while every queue offers the largest bodies: all that the worker takes, it has to hold."""
    proxy = Proxy(("127.0.0.1", place.redis.port))
    proxy.restore()
    try:
        with place.scene("prefetch", redis_url=f"redis://127.0.0.1:{proxy.port}/0") as scene:
            proxy.cut()
            scene.worker.await_unready()
            scene.send(
                scene.messages("session.create", largest_create), scene.messages("session.validate", largest_bad),
                scene.messages("subject.disable", largest_bad), scene.messages("policy.put", largest_bad),
                scene.messages("no.such.command", largest_bad), count=max(30, count // 500))
            _await_steady(scene)
            proxy.restore()
            scene.settle()
            yield scene
    finally:
        proxy.cut()


def _await_steady(scene):
    """Until the worker has taken no more memory for some seconds."""
    most, since = 0, time.monotonic()
    while time.monotonic() - since < scene.place.steady_seconds:
        now = scene.resident()
        if now > most:
            most, since = now, time.monotonic()
        time.sleep(0.2)


SCENES = [
    a_million_commands_wait, replies_are_not_read, redis_is_slow, the_broker_is_blocked, consumers_queues_are_full,
    bodies_are_as_large_as_they_may_be, the_prefetch_is_full_of_large_bodies,
]  # fmt: skip


def measure(scene, place, count):
    """Runs a scene; returns the worker's memory before it and at most, in bytes."""
    for measured in scene(place, count):
        return measured.start_bytes, measured.resident()
    raise AssertionError("a scene that never was")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the sojourn binary")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many commands 'a million' are")
    parser.add_argument("--only", default="", help="of " + ", ".join(each.__name__ for each in SCENES))
    parser.add_argument("--json", help="write what was measured to this file")
    options = parser.parse_args()
    chosen = [each for each in SCENES if not options.only or each.__name__ in options.only.split(",")]
    results, failures = {}, 0
    with tempfile.TemporaryDirectory(prefix="sojourn-backpressure.") as folder:
        place = Place(options.binary, folder)
        try:
            for scene in chosen:
                begin = time.monotonic()
                before, most = measure(scene, place, options.count)
                seconds = time.monotonic() - begin
                results[scene.__name__] = {"before": before, "most": most, "seconds": round(seconds, 1)}
                failures += most > MOST_MEGABYTES * 1_000_000
                name = scene.__name__.replace("_", " ")
                print(f"{name:<42} {most / 1e6:6.1f} MB (before: {before / 1e6:.1f} MB, {seconds:.0f} s)", flush=True)
        finally:
            place.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if failures:
        sys.exit(f"{failures} above {MOST_MEGABYTES} MB")


if __name__ == "__main__":
    main()
