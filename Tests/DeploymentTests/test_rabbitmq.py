"""The users of deploy/rabbitmq/definitions.json: each can do its work, and is refused everything else."""

import json
import re
import shutil
import uuid

import pika
import pytest

from brokers import Broker
from client import DIRECT, Client
from conftest import DEPLOY, run
from servers import open_broker
from tour import Words, tour
from workers import Worker, wait_until

WORKER, PUBLISHER, CONSUMER, OPERATOR, SCALER = (
    f"sojourn-{role}" for role in ("worker", "publisher", "consumer", "operator", "scaler"))


@pytest.fixture
def open_channel(servers):
    """Opens a channel as a user; publishing on it waits for the broker's confirmation, or its refusal."""
    connections = []

    def open_channel(user, url=None):
        connections.append(open_broker(url or servers.urls.get(user) or servers.worker["amqpUrl"]))
        channel = connections[-1].channel()
        channel.confirm_delivery()
        return channel

    yield open_channel
    for connection in connections:
        connection.close()


def publish(channel, exchange, key, body=b"{}", **properties):
    channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))


def receive(channel, queue, seconds=20):
    """The next message of a queue."""
    for _method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=seconds):
        channel.cancel()
        assert body, f"no message arrived in {queue} within {seconds} s"
        return properties, json.loads(body)


def create(channel, reply_to):
    """Sends a `session.create` as the publisher, and returns its subject."""
    command = {"subject": f"deployed-{uuid.uuid4().hex[:6]}"}
    publish(
        channel, "sojourn.commands", "session.create", json.dumps(command).encode(), message_id=str(uuid.uuid4()),
        reply_to=reply_to, user_id=PUBLISHER)
    return command["subject"]


def test_a_publisher_gets_the_reply_in_a_queue_of_its_own(worker, open_channel):
    channel = open_channel(PUBLISHER)
    queue = f"{PUBLISHER}.replies.{uuid.uuid4().hex}"
    channel.queue_declare(queue, exclusive=True)
    create(channel, queue)
    _, result = receive(channel, queue)
    assert result["status"] == "succeeded" and "tokens" in result["data"]


def test_a_publisher_gets_a_direct_reply(worker, open_channel):
    channel = open_channel(PUBLISHER)
    replies = []
    channel.basic_consume(DIRECT, lambda *message: replies.append(json.loads(message[3])), auto_ack=True)
    create(channel, DIRECT)
    while not replies:
        channel.connection.process_data_events(time_limit=20)
    assert replies[0]["status"] == "succeeded"


# The names that client libraries give queues without one: RabbitMQ's own, and those of docs/operations.md.
@pytest.mark.parametrize("name", ["", f"{CONSUMER}.audit"])
def test_a_consumer_gets_events_and_results(worker, open_channel, name):
    consumer = open_channel(CONSUMER)
    queues = {}
    for exchange, key in (("sojourn.events", "session.created"), ("sojourn.results", "session.create.*")):
        named = name and f"{name}.{exchange}"
        queues[exchange] = consumer.queue_declare(named, exclusive=True).method.queue
        consumer.queue_bind(queues[exchange], exchange, key)
    subject = create(open_channel(PUBLISHER), None)
    _, event = receive(consumer, queues["sojourn.events"])
    assert event["data"]["subject"] == subject
    _, result = receive(consumer, queues["sojourn.results"])
    assert result["status"] == "succeeded" and "tokens" not in result["data"]


def test_an_operator_lists_replays_and_drops_what_is_in_quarantine(worker, binary, servers, keyring, open_channel):
    environment = {"SOJOURN_AMQP_URL": servers.urls[OPERATOR], "SOJOURN_KEYRING_FILE": str(keyring)}

    def quarantine(*arguments, status=0):
        return run(binary, "quarantine", *arguments, status=status, env=environment)

    channel = open_channel(PUBLISHER)
    for _ in range(2):
        publish(channel, "sojourn.commands", "session.create", b"{", message_id=str(uuid.uuid4()))
    counting = open_channel("tester")
    while counting.queue_declare("sojourn.quarantine", passive=True).method.message_count < 2:
        counting.connection.process_data_events(time_limit=0.05)
    listed = [json.loads(line) for line in quarantine("list", "--json").splitlines()]
    assert {each["reason"] for each in listed} == {"malformed_message"}, listed
    assert "malformed_message" in quarantine("replay", listed[0]["id"], "--as-self", status=1)
    quarantine("drop", "--all", "--yes")
    assert counting.queue_declare("sojourn.quarantine", passive=True).method.message_count == 0


def test_a_scaler_sees_how_many_commands_wait(worker, open_channel):
    """As KEDA asks: it declares the queue passively."""
    assert open_channel(SCALER).queue_declare(COMMANDS, passive=True).method.message_count == 0


def test_a_worker_measures_its_queues_and_the_outbox_with_its_permissions(worker):
    def measured():
        gauges = [line for line in worker.answer("/metrics").text.splitlines() if re.match("sojourn_(queue|outbox)_", line)]
        return len(gauges) > 12 and not any(line.endswith(" NaN") for line in gauges)

    wait_until(measured, 30, "the queues and the outbox to be measured")


def test_a_whole_tour_works_with_the_workers_permissions(worker, servers):
    client = Client(servers.urls["tester"], "sojourn")
    tour(client, Words(subject=f"tour-{uuid.uuid4().hex[:6]}"))
    client.raise_violations()
    client.close()


def declare(queue):
    return lambda channel: channel.queue_declare(queue)


def bind(queue, exchange):
    def bind(channel):
        channel.queue_declare(queue)
        channel.queue_bind(queue, exchange, "#")

    return bind


def get(queue):
    return lambda channel: channel.basic_get(queue)


def send(exchange, key):
    return lambda channel: publish(channel, exchange, key)


def declare_exchange(exchange):
    return lambda channel: channel.exchange_declare(exchange, "topic")


def delete(queue):
    return lambda channel: channel.queue_delete(queue)


def purge(queue):
    return lambda channel: channel.queue_purge(queue)


COMMANDS = "sojourn.commands.manage"
REFUSED = {
    WORKER: {
        "declare a queue": declare("sojourn.more"),
        "declare an exchange": declare_exchange("sojourn.more"),
        "delete a queue": delete(COMMANDS),
        "read the quarantine": get("sojourn.quarantine"),
        "send a command": send("sojourn.commands", "session.create"),
    },
    PUBLISHER: {
        "declare a queue of others": declare("sojourn-consumer.mine"),
        "declare a queue that RabbitMQ names": declare(""),
        "read commands": get(COMMANDS),
        "read the quarantine": get("sojourn.quarantine"),
        "purge commands": purge(COMMANDS),
        "read events": bind("sojourn-publisher.events", "sojourn.events"),
        "read results": bind("sojourn-publisher.results", "sojourn.results"),
        "forge a result": send("sojourn.results", "session.create.succeeded"),
        "forge an event": send("sojourn.events", "session.created"),
        "write to a queue": send("", COMMANDS),
        "change policies": send("sojourn.commands", "policy.put"),
    },
    CONSUMER: {
        "send a command": send("sojourn.commands", "session.create"),
        "write to a queue": send("", COMMANDS),
        "forge an event": send("sojourn.events", "session.created"),
        "listen to commands": bind("sojourn-consumer.commands", "sojourn.commands"),
        "read commands": get(COMMANDS),
        "read the quarantine": get("sojourn.quarantine"),
        "delete a queue": delete(COMMANDS),
        "declare a queue of others": declare("sojourn-publisher.mine"),
    },
    OPERATOR: {
        "declare a queue": declare("sojourn.more"),
        "read commands": get(COMMANDS),
        "read events": lambda channel: channel.queue_bind("sojourn.quarantine", "sojourn.events", "#"),
        "forge an event": send("sojourn.events", "session.created"),
        "delete the quarantine": delete("sojourn.quarantine"),
    },
    SCALER: {
        "declare a queue": declare("sojourn.more"),
        "read commands": get(COMMANDS),
        "purge commands": purge(COMMANDS),
        "send a command": send("sojourn.commands", "session.create"),
    },
}


@pytest.mark.parametrize(("user", "what"), [(user, what) for user, refused in REFUSED.items() for what in refused])
def test_a_user_is_refused_everything_else(worker, open_channel, user, what):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        REFUSED[user][what](open_channel(user))


@pytest.mark.parametrize("user", REFUSED)
def test_a_user_is_refused_other_virtual_hosts(servers, open_channel, user):
    url = servers.urls.get(user) or servers.worker["amqpUrl"]
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        open_broker(url.rpartition("/")[0] + "/")


class ConfiguredBroker(Broker):
    """A broker with deploy/rabbitmq/rabbitmq.conf, which imports these definitions when it starts."""

    def __init__(self, folder, definitions, url):
        text = (DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text().replace("/etc/rabbitmq/definitions.d", str(definitions))
        self._url = url
        super().__init__(folder, *text.splitlines())

    def serves(self):
        try:
            open_broker(at_port(self._url, self.port)).close()
            return True
        except (pika.exceptions.AMQPError, OSError):
            return False


def at_port(url, port):
    return re.sub(r":\d+/", f":{port}/", url)


def test_rabbitmq_imports_the_definitions_when_it_starts(servers, binary, tmp_path):
    """And nobody can log in once those of the repository are imported, which have no passwords."""
    folder, definitions = tmp_path / "rabbitmq", tmp_path / "definitions.d"
    folder.mkdir()
    definitions.mkdir()
    shutil.copy(servers.credentials / "definitions.json", definitions / "10-users.json")
    (definitions / "20-topology.json").write_text(run(binary, "topology", "--vhost", "sojourn"))
    broker = ConfiguredBroker(folder, definitions, servers.urls[SCALER])
    try:
        users = broker.control("list_users", "--silent")
        assert "guest" not in users and all(user in users for user in REFUSED), users
        with open_broker(at_port(servers.urls[SCALER], broker.port)) as connection:
            connection.channel().queue_declare(COMMANDS, passive=True)
        broker.control("import_definitions", str(DEPLOY / "rabbitmq" / "definitions.json"))
        for user in REFUSED:
            for password in ("", "guest"):
                with pytest.raises(pika.exceptions.ProbableAuthenticationError):
                    open_broker(f"amqp://{user}:{password}@127.0.0.1:{broker.port}/sojourn")
    finally:
        broker.stop()


def test_a_worker_that_declares_the_topology_needs_these_permissions(binary, servers, keyring, tmp_path):
    """As in docs/operations.md, for a namespace whose definitions were not imported."""
    servers.control("add_user", "declaring", "secret")
    servers.control("set_permissions", "--vhost", "sojourn", "declaring", *(
        rule.replace("N", "declared") for rule in (r"^N\.", r"^N\.|^amq\.default$", r"^N\.")))
    url = servers.urls["tester"].replace("tester:secret", "declaring:secret")
    settings = {"SOJOURN_NAMESPACE": "declared", "SOJOURN_KEYRING_FILE": str(keyring), "SOJOURN_AMQP_URL": url}
    worker = Worker(binary, tmp_path, "declaring", settings | {"SOJOURN_REDIS_URL": servers.urls["sojourn-admin"]})
    client = None
    try:
        worker.await_ready()
        client = Client(servers.urls["tester"], "declared")
        client.create("anyone")
    finally:
        if client:
            client.close()
        assert worker.stop() == 0, worker.log[-3000:]
