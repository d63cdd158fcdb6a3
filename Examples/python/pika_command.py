"""Sends a command to Sojourn with pika, and prints its result.

    echo '{"subject": "alice"}' | python pika_command.py session.create
    echo '{"token": "sjs_..."}' | python pika_command.py session.validate

Set SOJOURN_AMQP_URL and SOJOURN_NAMESPACE as for the workers. In your own program, use `SessionCommands`.
"""

import argparse
import json
import random
import time
import uuid

import pika
from pika.exceptions import AMQPConnectionError, AMQPError, NackError, ProbableAuthenticationError

from program import (
    REFUSED, UNREACHABLE, Problem, body_from_input, broker_url, duration, end_with, namespace, no_result, print_result,
    result_from,
)  # fmt: skip

DIRECT = "amq.rabbitmq.reply-to"  # RabbitMQ hands such a reply to our connection, without a queue


class SessionCommands:
    """Sends commands, one at a time, over a connection that is opened when it is needed. Not for several threads at once."""

    def __init__(self, url, namespace="sojourn"):
        self.parameters = pika.URLParameters(url)
        self.parameters.heartbeat = 10  # seconds; a broker that is silent for twice as long is gone
        self.parameters.blocked_connection_timeout = 10  # one that takes no messages because it has no memory left, too
        self.exchange = f"{namespace}.commands"
        self.connection = None
        self.replies = {}  # by correlation id

    def call(self, command, body, *, seconds=10, message_id=None):
        """Sends a command, and returns its result as a dictionary: `status` says whether it succeeded.

        It is repeated while the connection fails or a worker says that repeating it may help, for `seconds`. All repetitions
        have the same `message_id`, so the command takes effect once. If no result came in time it may have: call with
        the same `message_id` and body to learn the result.
        """
        end = time.monotonic() + seconds
        raw = json.dumps(body).encode()  # once, because a repetition must have the same bytes
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, reply_to=DIRECT,
            message_id=message_id or str(uuid.uuid4()),
            user_id=self.parameters.credentials.username,  # verified by RabbitMQ; workers with a callers file require it
            headers={"deadline": int((time.time() + seconds) * 1000)},  # nobody carries it out after we have gone
        )
        pause, trouble = 0.1, "no worker has answered"
        while True:
            result = None
            try:
                result = self._attempt(command, raw, properties, end)
                if result and not result.get("error", {}).get("retryable"):
                    return result
            except ProbableAuthenticationError:
                raise Problem(REFUSED) from None
            except NackError:
                trouble = "the command's queue is full"
            except AMQPConnectionError:
                trouble = UNREACHABLE
                self.close()
            except AMQPError as error:  # the channel's end, which RabbitMQ explains
                trouble = f"RabbitMQ says: {getattr(error, 'reply_text', type(error).__name__)}"
                self.close()
            pause = min(pause * 2, 2)
            wait = random.uniform(pause / 2, pause)  # not at the same time as everybody else who lost the connection
            if time.monotonic() + wait >= end:
                break
            time.sleep(wait)
        if result:
            return result
        raise no_result(command, seconds, trouble)

    def close(self):
        connection, self.connection = self.connection, None
        if connection and connection.is_open:
            connection.close()

    def _attempt(self, command, raw, properties, end):
        """Returns the result, or None if there was none in time."""
        channel = self._channel(end)
        self.replies.clear()
        properties.correlation_id = str(uuid.uuid4())
        channel.basic_publish(self.exchange, command, raw, properties)  # returns when RabbitMQ has confirmed it
        while properties.correlation_id not in self.replies:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.connection.process_data_events(time_limit=left)
        return result_from(self.replies.pop(properties.correlation_id))

    def _channel(self, end):
        if not (self.connection and self.connection.is_open):
            self.parameters.socket_timeout = self.parameters.stack_timeout = max(0.1, end - time.monotonic())
            self.connection = pika.BlockingConnection(self.parameters)
            self.channel = self.connection.channel()
            self.channel.confirm_delivery()
            self.channel.basic_consume(DIRECT, self._on_reply, auto_ack=True)
        return self.channel

    def _on_reply(self, _channel, _method, properties, raw):
        self.replies[properties.correlation_id] = raw


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", help="the command's name, such as session.create")
    parser.add_argument("--seconds", type=duration, default=10, help="how long to wait for the result; default: %(default)s")
    arguments = parser.parse_args()
    commands = SessionCommands(broker_url(), namespace())
    try:
        return print_result(commands.call(arguments.command, body_from_input(), seconds=arguments.seconds))
    finally:
        commands.close()


if __name__ == "__main__":
    end_with(main)
