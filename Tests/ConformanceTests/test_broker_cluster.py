"""Several RabbitMQ hosts: a worker goes to another node when its own dies, and nothing is lost."""

import signal

import pytest

from brokers import BrokerCluster
from client import Client
from settling import Batch, Command, creates, expect_one_effect_each
from workers import wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = BrokerCluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(autouse=True)
def all_nodes_serve_again(cluster):
    """So that a test that fails in the middle does not fail the next."""
    yield
    for node in cluster.nodes:
        if node.process.poll() is not None:
            node.start()
    for node in cluster.nodes:
        node.await_serving()


@pytest.fixture
def worker(start_worker, cluster):
    return start_worker(amqp_url=cluster.url).await_ready()


@pytest.fixture
def client(worker, cluster):
    """Connected to the last node, which no test ends."""
    client = Client(cluster.nodes[-1].url, worker.namespace)
    yield client
    client.raise_violations()
    client.close()


def nodes_of(worker, cluster, node):
    """The places of the nodes to which a worker is connected, as this node knows them."""
    lines = node.control("list_connections", "--quiet", "--no-table-headers", "pid", "client_properties").splitlines()
    # The name of a process begins with that of its node.
    processes = [line.split("\t")[0] for line in lines if f"sojourn/{worker.namespace}/" in line]
    return {number for number, each in enumerate(cluster.nodes) if any(each.name in process for process in processes)}


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_when_its_node_ends_under_load_a_worker_goes_on_with_another_and_loses_nothing(cluster, worker, client, sent):
    first, *_, last = cluster.nodes
    assert nodes_of(worker, cluster, last) == {0}, "the first URL is tried first"
    batch = Batch(client, creates(f"{sent.name}-{number}" for number in range(400))).publish()
    batch.await_some(50)
    first.end(sent)
    worker.await_log("a queue is on a RabbitMQ node that is down")
    # Replies may be lost with a connection, and commands that the broker has not confirmed.
    batch.send_again().settle()
    sessions = [reply.data["session"]["id"] for _, reply in batch.results()]
    # The queue of revocations may still be without a leader, and this client does not wait for confirms.
    ends = Batch(client, [Command("session.revoke", {"sessionId": each}) for each in sessions]).publish().settle(timeout=15)
    assert all(reply.data["revoked"] for _, reply in ends.results())
    expect_one_effect_each(client, batch)
    assert worker.running and nodes_of(worker, cluster, last) <= {1, 2}
    first.start()
    first.await_serving()
    worker.await_ready()
    assert worker.stop() == 0


def test_while_the_node_of_a_classic_queue_is_down_all_other_commands_go_on(cluster, worker, client, subject):
    first, *_, last = cluster.nodes
    token = client.create(subject)["tokens"]["session"]
    assert nodes_of(worker, cluster, last) == {0}, "its classic queues are on the first node, to which it is connected"
    first.end(signal.SIGKILL)
    worker.await_log("a queue is on a RabbitMQ node that is down")
    assert client.call("session.revoke", {"token": token}).data["count"] == 1
    # The sweeper may still be connecting, which is the reason given until then.
    queue = f"{worker.namespace}.commands.validate"
    wait_until(
        lambda: queue in worker.answer("/readyz").json()["reasons"].get("rabbitmq", ""), 30, f"/readyz to name {queue}")
    first.start()
    first.await_serving()
    worker.await_ready()
    assert client.call("session.validate", {"token": token}).data["valid"] is False
    assert worker.stop() == 0


def test_a_worker_waits_until_a_majority_of_the_nodes_is_back(cluster, worker, subject):
    for node in cluster.nodes[:2]:
        node.end(signal.SIGKILL)
    worker.await_unready()
    for node in cluster.nodes[:2]:
        node.start()
    for node in cluster.nodes:
        node.await_serving()
    worker.await_ready()
    client = Client(cluster.url, worker.namespace)
    client.create(subject)
    client.raise_violations()
    client.close()
    assert worker.stop() == 0
