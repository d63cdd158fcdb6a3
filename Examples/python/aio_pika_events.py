"""Reads Sojourn's events with aio-pika, and prints them until Ctrl-C. What happened while it was not running comes first.

    python aio_pika_events.py --queue guest.sessions
    python aio_pika_events.py --queue guest.endings session.revoked session.expired session.evicted subject.disabled

Set SOJOURN_AMQP_URL and SOJOURN_NAMESPACE as for the workers. Programs that read the same queue share its events.
"""

import argparse
import asyncio
import random

import aio_pika
from aio_pika.exceptions import ChannelClosed, ProbableAuthenticationError

from aio_pika_command import LOST
from event_order import EventOrder
from event_queue import ARGUMENTS, PREFETCH, show
from program import REFUSED, UNREACHABLE, Problem, broker_url, end_with, namespace, say


async def read(connection, exchange, name, patterns, order):
    """Reads until the connection ends."""
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.declare_queue(name, durable=True, arguments=ARGUMENTS)
    for pattern in patterns:
        await queue.bind(exchange, pattern)
    say(f"Reading {name}, until Ctrl-C.")
    async with queue.iterator() as events:
        async for event in events:
            show(order, event.body)
            await event.ack()  # after handling: whatever ends us before that, it comes again


async def follow(url, queue, patterns):
    order, pause = EventOrder(is_complete=patterns == ["#"]), 0.1
    while True:
        try:
            async with await aio_pika.connect(url, heartbeat=10, timeout=10) as connection:
                pause = 0.1
                await read(connection, f"{namespace()}.events", queue, patterns, order)
        except ProbableAuthenticationError:
            raise Problem(REFUSED) from None
        except ChannelClosed as error:  # what RabbitMQ refuses, it refuses again
            raise Problem(f"RabbitMQ says: {error.args[-1]}") from None
        except LOST:
            say(f"{UNREACHABLE}. Trying again.")
        pause = min(pause * 2, 10)
        await asyncio.sleep(random.uniform(pause / 2, pause))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queue", required=True, help="the queue to read, which is created if it is missing")
    parser.add_argument("patterns", nargs="*", default=["#"], help="types of events, as in a topic binding; default: all")
    arguments = parser.parse_args()
    asyncio.run(follow(broker_url(), arguments.queue, arguments.patterns))


if __name__ == "__main__":
    end_with(main, interrupted=0)
