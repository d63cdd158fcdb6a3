"""Sends the workload over several connections, with confirms, and records everything that comes back.

Like a careful client, it sends a command again with the same message_id when no answer comes or the answer allows it.
It talks to the broker directly: what faults do to the workers' connections does not concern it.
"""

import asyncio
import itertools
import json
import threading
import time
from dataclasses import dataclass

import pika

from installation import NAMESPACE
from link import Link
from workload import Message

CLIENTS = 4
WINDOW = 100  # of each client: commands without an answer
RESEND_SECONDS = 8
PAUSE_SECONDS = 0.5  # before a command is sent again that was answered with retryable
TICK_SECONDS = 0.02
UNREAD = "chaos-replies-unread"
FULL = "chaos-replies-full"


@dataclass(frozen=True)
class Answer:
    first_at: float
    at: float
    sent: int
    # Invalid commands are answered without Redis.
    is_valid: bool


class Client:
    def __init__(self, load, number):
        self.load = load
        self.queue = f"chaos-replies-{number}"
        self.outstanding = {}  # id of the message object to the message
        self.unconfirmed = {}  # delivery tag to (attempt, message)
        self.tag = 0
        self.link = Link(load.loop, load.url, f"chaos client {number}", self._prepare, self._lost)

    def _prepare(self, channel):
        self.tag, self.unconfirmed = 0, {}
        channel.queue_declare(self.queue, durable=True, arguments=self.load.queue_arguments)
        channel.basic_consume(self.queue, self._reply, auto_ack=True)
        channel.confirm_delivery(self._confirm)

    def _lost(self):
        # Whether they arrived is unknown: send them again as soon as there is a connection.
        for _, message in self.unconfirmed.values():
            message.last_at = 0.0
        self.unconfirmed = {}

    def _confirm(self, frame):
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self.unconfirmed if tag <= method.delivery_tag]
        for tag in tags:
            n, message = self.unconfirmed.pop(tag, (None, None))
            if n is None:
                continue
            if isinstance(method, pika.spec.Basic.Ack):
                self.load.recorder.write("confirmed", n=n)
            else:
                message.last_at = 0.0

    def tick(self, allowance):
        if not self.link.is_open or self.link.is_blocked:
            return 0
        now, sent = time.monotonic(), 0
        for message in list(self.outstanding.values()):
            if now - message.last_at > RESEND_SECONDS:
                self.send(message)
        while sent < allowance and len(self.outstanding) < WINDOW:
            message = self.load.next()
            if message is None:
                break
            if not message.answered:
                self.outstanding[id(message)] = message
            self.send(message)
            sent += 1
        return sent

    def send(self, message):
        load, n = self.load, next(self.load.numbers)
        message.sent += 1
        message.last_at = time.monotonic()
        message.first_at = message.first_at or message.last_at
        load.attempts[n] = (message, self)
        line = {"n": n, "command": message.command, "body": message.body, "id": message.id, "trace": message.trace}
        if message.expect:
            line["expect"] = message.expect
        load.recorder.write("sent", **line, **({"mute": True} if message.mute else {}))
        properties = {
            "message_id": message.id, "correlation_id": str(n), "reply_to": message.reply_to or self.queue,
            "content_type": "application/json", "delivery_mode": 2,
            "headers": {"traceparent": f"00-{message.trace}-{n:016x}-01"},
        } | message.properties
        raw = message.raw if message.raw is not None else json.dumps(message.body).encode()
        self.tag += 1
        self.unconfirmed[self.tag] = (n, message)
        self.link.channel.basic_publish(
            f"{NAMESPACE}.commands", message.command, raw, pika.BasicProperties(**properties))

    def _reply(self, _channel, _method, properties, raw):
        self.load.take(int(properties.correlation_id), json.loads(raw), "replied")


class Listener:
    """Consumes results, events and quarantine from queues that survive a restart of the broker."""

    def __init__(self, load):
        self.load = load
        self.last_at = time.monotonic()
        self._arguments = load.queue_arguments
        # Whether its queues exist; from then on, they miss nothing.
        self.is_bound = False
        self.link = Link(load.loop, load.url, "chaos listener", self._prepare)

    def _prepare(self, channel):
        channel.basic_qos(prefetch_count=500)
        for exchange, take in (("results", self._result), ("events", self._event)):
            queue = f"chaos-{exchange}"
            channel.queue_declare(queue, durable=True, arguments=self._arguments)
            channel.queue_bind(queue, f"{NAMESPACE}.{exchange}", "#")
            channel.basic_consume(queue, self._taking(take))
        channel.basic_consume(f"{NAMESPACE}.quarantine", self._taking(self._quarantined), callback=self._bound)

    def _bound(self, _frame):
        self.is_bound = True

    def _taking(self, take):
        def on_message(channel, method, properties, raw):
            self.last_at = time.monotonic()
            take(properties, raw)
            channel.basic_ack(method.delivery_tag)

        return on_message

    def _result(self, properties, raw):
        self.load.take(int(properties.correlation_id), json.loads(raw), "copied")

    def _event(self, _properties, raw):
        self.load.recorder.write("event", event=json.loads(raw))

    def _quarantined(self, properties, _raw):
        reason = (properties.headers or {}).get("x-sojourn-reason")
        self.load.recorder.write("quarantined", n=int(properties.correlation_id), reason=reason)


class Load:
    def __init__(self, url, recorder, workload, rate, queue_arguments=None):
        """`queue_arguments`: of the queues that the load reads from."""
        self.queue_arguments = queue_arguments
        self.url, self.recorder, self.workload, self.rate = url, recorder, workload, rate
        self.numbers = itertools.count(1)
        self.attempts = {}
        self.answers = []  # an Answer for each command; only ever appended to
        self.extra = []  # messages that go before the workload's
        self.is_paused = True
        self._is_over = False
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begun = threading.Event()
        self._thread.start()
        assert self._begun.wait(30), "the load did not start"

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.listener = Listener(self)
        self.clients = [Client(self, number + 1) for number in range(CLIENTS)]
        self._begun.set()
        self.loop.run_until_complete(self._send())

    async def _send(self):
        owed, last = 0.0, time.monotonic()
        while not self._is_over:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            owed, last = min(owed + self.rate * (now - last), self.rate / 4), now
            for client in self.clients:
                owed -= client.tick(int(owed) if not self.extra else WINDOW)

    def next(self):
        if self.extra:
            return self.extra.pop()
        return None if self.is_paused else self.workload.next()

    def take(self, n, result, kind):
        self.recorder.write(kind, n=n, result=result)
        found = self.attempts.get(n)
        if found is None:
            return
        message, client = found
        if message.answered or (kind == "copied" and not message.mute):
            return
        if (result.get("error") or {}).get("retryable"):
            message.last_at = time.monotonic() - RESEND_SECONDS + PAUSE_SECONDS
            return
        message.answered = True
        client.outstanding.pop(id(message), None)
        self.answers.append(Answer(message.first_at, time.monotonic(), message.sent, message.expect is None))
        self.workload.learn(message, result)

    # --- for the thread that disturbs ------------------------------------------------------------------------------

    @property
    def outstanding(self):
        return sum(len(client.outstanding) for client in self.clients)

    @property
    def is_connected(self):
        return self.listener.is_bound and all(client.link.is_open for client in self.clients)

    def await_connected(self, seconds=30):
        return self._await(lambda: self.is_connected, seconds)

    def await_answer_after(self, moment, seconds):
        """When the first valid command was answered behind this moment; None if none was in time."""
        place = max(0, len(self.answers) - 1000)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            while place < len(self.answers):
                if self.answers[place].at > moment and self.answers[place].is_valid:
                    return self.answers[place].at
                place += 1
            time.sleep(0.005)
        return None

    def await_answered(self, moment, seconds):
        """Waits until everything that was first sent before this moment is answered."""
        def settled():
            messages = [message for client in self.clients for message in list(client.outstanding.values())]
            return not self.extra and all(message.first_at > moment for message in messages)

        return self._await(settled, seconds)

    def await_quiet(self, seconds):
        """Waits until the listener has received nothing for a second."""
        return self._await(lambda: time.monotonic() - self.listener.last_at > 1, seconds)

    @staticmethod
    def _await(condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def ask(self, questions):
        """Sends these, before anything else."""
        self.extra.extend(reversed(list(questions)))

    def send_without_reader(self, count):
        """Commands whose replies go to a queue that nobody reads, and to one that is full."""
        def message(number):
            body = {"subject": self.workload.random.choice(self.workload.subjects)}
            self.workload.touched.add(("default", body["subject"]))
            return Message("session.create", body, mute=True, reply_to=(UNREAD, FULL)[number % 2])

        self.ask([message(number) for number in range(count)])

    def close(self):
        if self._is_over:
            return
        for link in [self.listener.link, *(client.link for client in self.clients)]:
            self.loop.call_soon_threadsafe(link.close)
        time.sleep(0.2)
        self._is_over = True
        self._thread.join(timeout=5)
