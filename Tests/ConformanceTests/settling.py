"""Many commands at once, through failures: sent, sent again where the contract allows it, and counted."""

import time
import uuid
from dataclasses import dataclass, field

SECONDS = 120


@dataclass
class Command:
    name: str
    body: dict
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: int = 0


class Batch:
    """Commands that must all be answered. The correlation id is the message id."""

    def __init__(self, client, commands):
        self.client = client
        self.commands = {each.message_id: each for each in commands}
        self.resent = 0

    def publish(self):
        for command in self.commands.values():
            self._send(command)
        return self

    def _send(self, command):
        command.sent += 1
        self.client.publish(
            command.name, command.body, message_id=command.message_id, correlation_id=command.message_id
        )

    def send_again(self):
        """Like a client that has waited long enough: what has no answer is sent again, with the same message_id."""
        for command in self.commands.values():
            if not self.final(command.message_id):
                command.sent = len(self.client.replies[command.message_id])
                self._send(command)
        return self

    def final(self, message_id):
        """The final answers to a command, without requests to retry."""
        return [
            each for each in self.client.replies[message_id]
            if each.status == "succeeded" or not each.body["error"]["retryable"]
        ]

    @property
    def answered(self):
        return sum(1 for each in self.commands if self.final(each))

    def await_some(self, count, seconds=SECONDS):
        self.client.wait(lambda: self.answered >= count, f"{count} answers", seconds)

    def settle(self, seconds=SECONDS, timeout=None):
        """Waits until each has its result. Retryable answers are retried with the same message_id; if nothing has come for `timeout`
        seconds, so is what has no answer."""
        answered, since = self.answered, time.monotonic()

        def settled():
            nonlocal answered, since
            if self.answered > answered:
                answered, since = self.answered, time.monotonic()
            elif timeout and time.monotonic() - since > timeout:
                self.send_again()
                since = time.monotonic()
            open_ones = [each for each in self.commands.values() if not self.final(each.message_id)]
            for command in open_ones:
                if len(self.client.replies[command.message_id]) >= command.sent:
                    self._send(command)
                    self.resent += 1
            return not open_ones

        self.client.wait(settled, "an answer to every command", seconds)
        return self

    def results(self):
        """Each command with its result; repeated answers to a command must not differ."""
        for message_id, command in self.commands.items():
            answers = self.final(message_id)
            assert all(each.body == answers[0].body for each in answers), f"two answers to {command}: {answers}"
            yield command, answers[0]


def creates(subjects, **fields):
    return [Command("session.create", {"subject": each} | fields) for each in subjects]


def expect_one_effect_each(client, batch, seconds=SECONDS):
    """Checks that every command in a batch of creates and revocations, each for its own subject, had exactly one effect
    and exactly one event, and that no event is missing in between."""
    kinds = {"session.create": "session.created", "session.revoke": "session.revoked"}
    expected = {}
    for command, reply in batch.results():
        session = reply.data["session"]["id"] if command.name == "session.create" else reply.data["revoked"][0]
        assert (session, kinds[command.name]) not in expected, "two commands say they did the same"
        expected[session, kinds[command.name]] = command

    def published():
        events = {}
        for event in client.events:
            key = event.body["data"].get("sessionId"), event.body["type"]
            events.setdefault(key, {})[event.body["id"]] = event
        return events if expected.keys() <= events.keys() else None

    events = client.wait(published, "an event for every change of state", seconds)
    for key in expected:
        assert len(events[key]) == 1, f"one effect, two events: {key}"
    commanded = {(each.body["subject"], kinds[each.name]) for each in batch.commands.values()}
    surplus = [
        key for key, each in events.items()
        if key not in expected and (next(iter(each.values())).body["data"]["subject"], key[1]) in commanded
    ]
    assert not surplus, f"effects that no answer told of: {surplus[:5]}"
    expect_no_gaps(client)


def expect_no_gaps(client, seconds=30):
    """Waits until every subject's events 1, 2, 3, and so on have arrived without gaps."""

    def complete():
        sequences = {}
        for event in client.events:
            sequences.setdefault(event.body["partitionkey"], set()).add(int(event.body["sequence"]))
        return all(seen == set(range(1, len(seen) + 1)) for seen in sequences.values())

    client.wait(complete, "the events that are missing from a sequence", seconds)
