"""Sends a command to Sojourn with aio-pika, and prints its result.

    echo '{"subject": "alice"}' | python aio_pika_command.py session.create
    echo '{"token": "sjs_..."}' | python aio_pika_command.py session.validate

Set SOJOURN_AMQP_URL and SOJOURN_NAMESPACE as for the workers. In your own program, use `SessionCommands`.
"""

import argparse
import asyncio
import json
import logging
import random
import time
import uuid
from dataclasses import dataclass, field

import aio_pika
from aio_pika.exceptions import (
    AMQPError, ChannelClosed, ChannelInvalidStateError, DeliveryError, ProbableAuthenticationError,
)  # fmt: skip
from yarl import URL

from program import (
    REFUSED, UNREACHABLE, Problem, body_from_input, broker_url, duration, end_with, namespace, no_result, print_result,
    result_from,
)  # fmt: skip

DIRECT = "amq.rabbitmq.reply-to"  # RabbitMQ hands such a reply to our connection, without a queue
LOST = (AMQPError, OSError, ChannelInvalidStateError)  # what aio-pika raises when a connection or a channel ends
logging.getLogger("aiormq").addHandler(logging.NullHandler())  # we say ourselves what is wrong


class SessionCommands:
    """Sends commands, many at a time, over one connection that is opened when it is needed."""

    def __init__(self, url, namespace="sojourn", *, at_a_time=1000):
        self.url = URL(url)
        self.exchange = f"{namespace}.commands"
        self._room = asyncio.Semaphore(at_a_time)
        self._opening = asyncio.Lock()
        self._link = None

    async def call(self, command, body, *, seconds=10, message_id=None):
        """Sends a command, and returns its result as a dictionary: `status` says whether it succeeded.

        It is repeated while the connection fails or a worker says that repeating it may help, for `seconds`. All repetitions
        have the same `message_id`, so the command takes effect once. If no result came in time it may have: call with
        the same `message_id` and body to learn the result.
        """
        fields = {
            "body": json.dumps(body).encode(),  # once, because a repetition must have the same bytes
            "content_type": "application/json", "delivery_mode": aio_pika.DeliveryMode.PERSISTENT, "reply_to": DIRECT,
            "message_id": message_id or str(uuid.uuid4()),
            "user_id": self.url.user or "guest",  # verified by RabbitMQ; workers with a callers file require it
            "headers": {"deadline": int((time.time() + seconds) * 1000)},  # nobody carries it out after we have gone
        }
        pause, result, trouble = 0.1, None, "no worker has answered"
        try:
            async with asyncio.timeout(seconds), self._room:
                while True:
                    result = None
                    try:
                        result = await self._attempt(command, fields)
                        if not result.get("error", {}).get("retryable"):
                            return result
                    except ProbableAuthenticationError:
                        raise Problem(REFUSED) from None
                    except DeliveryError:
                        trouble = "the command's queue is full"
                    except LOST as error:
                        trouble = _reason(error)
                    pause = min(pause * 2, 2)
                    await asyncio.sleep(random.uniform(pause / 2, pause))  # not when everybody else does, too
        except TimeoutError:
            if result:
                return result
            raise no_result(command, seconds, trouble) from None

    async def close(self):
        link, self._link = self._link, None
        if link:
            await link.connection.close()

    async def _attempt(self, command, fields):
        link = await self._open()
        correlation_id = str(uuid.uuid4())
        message = aio_pika.Message(correlation_id=correlation_id, **fields)
        reply = link.replies[correlation_id] = asyncio.get_running_loop().create_future()
        try:
            await link.exchange.publish(message, command, mandatory=False)  # returns when RabbitMQ has confirmed it
            raw = await reply
        finally:
            link.replies.pop(correlation_id, None)
        if raw is None:
            raise ConnectionError
        return result_from(raw)

    async def _open(self):
        async with self._opening:
            if not (self._link and self._link.is_open):
                await self.close()
                connection = await aio_pika.connect(self.url, heartbeat=10)
                try:
                    self._link = await Link.over(connection, self.exchange)
                except BaseException:
                    await connection.close()
                    raise
            return self._link


@dataclass
class Link:
    """A connection with its channel, and the replies that are awaited on it."""

    connection: aio_pika.abc.AbstractConnection
    channel: aio_pika.abc.AbstractChannel
    exchange: aio_pika.abc.AbstractExchange
    replies: dict = field(default_factory=dict)  # futures, by correlation id

    @classmethod
    async def over(cls, connection, exchange):
        channel = await connection.channel()  # with publisher confirms
        # Neither is declared: they are the workers' and RabbitMQ's own.
        link = cls(connection, channel, await channel.get_exchange(exchange, ensure=False))
        channel.close_callbacks.add(link._on_close)
        replies = await channel.get_queue(DIRECT, ensure=False)
        await replies.consume(link._on_reply, no_ack=True)
        return link

    @property
    def is_open(self):
        return not (self.connection.is_closed or self.channel.is_closed)

    async def _on_reply(self, message):
        reply = self.replies.get(message.correlation_id)
        if reply and not reply.done():
            reply.set_result(message.body)

    def _on_close(self, _channel, _error):
        for reply in self.replies.values():
            if not reply.done():
                reply.set_result(None)


def _reason(error):
    if isinstance(error, ChannelClosed):  # RabbitMQ explains it
        return f"RabbitMQ says: {error.args[-1]}"
    return UNREACHABLE


async def send(command, body, seconds):
    commands = SessionCommands(broker_url(), namespace())
    try:
        return await commands.call(command, body, seconds=seconds)
    finally:
        await commands.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", help="the command's name, such as session.create")
    parser.add_argument("--seconds", type=duration, default=10, help="how long to wait for the result; default: %(default)s")
    arguments = parser.parse_args()
    return print_result(asyncio.run(send(arguments.command, body_from_input(), arguments.seconds)))


if __name__ == "__main__":
    end_with(main)
