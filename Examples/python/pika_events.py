"""Reads Sojourn's events with pika, and prints them until Ctrl-C. What happened while it was not running comes first.

    python pika_events.py --queue guest.sessions
    python pika_events.py --queue guest.endings session.revoked session.expired session.evicted subject.disabled

Set SOJOURN_AMQP_URL and SOJOURN_NAMESPACE as for the workers. Programs that read the same queue share its events.
"""

import argparse
import random
import time

import pika
from pika.exceptions import AMQPConnectionError, AMQPError, ProbableAuthenticationError

from event_order import EventOrder
from event_queue import ARGUMENTS, PREFETCH, show
from program import REFUSED, UNREACHABLE, Problem, broker_url, end_with, namespace, say


def read(connection, exchange, queue, patterns, order):
    """Reads until the connection ends."""
    channel = connection.channel()
    channel.basic_qos(prefetch_count=PREFETCH)
    channel.queue_declare(queue, durable=True, arguments=ARGUMENTS)
    for pattern in patterns:
        channel.queue_bind(queue, exchange, pattern)
    say(f"Reading {queue}, until Ctrl-C.")
    for method, _, raw in channel.consume(queue):
        show(order, raw)
        channel.basic_ack(method.delivery_tag)  # after handling: whatever ends us before that, it comes again


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queue", required=True, help="the queue to read, which is created if it is missing")
    parser.add_argument("patterns", nargs="*", default=["#"], help="types of events, as in a topic binding; default: all")
    arguments = parser.parse_args()
    parameters = pika.URLParameters(broker_url())
    parameters.heartbeat = 10
    parameters.socket_timeout = parameters.stack_timeout = 10
    order, pause = EventOrder(is_complete=arguments.patterns == ["#"]), 0.1
    while True:
        try:
            with pika.BlockingConnection(parameters) as connection:
                pause = 0.1
                read(connection, f"{namespace()}.events", arguments.queue, arguments.patterns, order)
        except ProbableAuthenticationError:
            raise Problem(REFUSED) from None
        except AMQPConnectionError:
            say(f"{UNREACHABLE}. Trying again.")
        except AMQPError as error:  # what RabbitMQ refuses, it refuses again
            raise Problem(f"RabbitMQ says: {getattr(error, 'reply_text', type(error).__name__)}") from None
        pause = min(pause * 2, 10)
        time.sleep(random.uniform(pause / 2, pause))


if __name__ == "__main__":
    end_with(main, interrupted=0)
