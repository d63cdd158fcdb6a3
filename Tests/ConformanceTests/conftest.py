"""What the conformance tests share: the servers, a namespace of its own for every module, workers and a client."""

import os
import subprocess
import uuid
from urllib.parse import urlsplit

import pytest
import redis

from client import Client
from proxy import Proxy
from workers import Worker


def from_environment(name, meaning):
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set ({meaning}). deploy/local/test sets it; run that instead.", returncode=2)
    return value


@pytest.fixture(scope="session")
def amqp_url():
    return from_environment("SOJOURN_TEST_AMQP_URL", "a RabbitMQ to test on")


@pytest.fixture(scope="session")
def redis_url():
    return from_environment("SOJOURN_TEST_REDIS_URL", "a Redis to test on")


@pytest.fixture(scope="session")
def binary():
    return from_environment("SOJOURN_BIN", "the sojourn binary to test")


@pytest.fixture(scope="module")
def namespace():
    return f"conformance{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def settings(amqp_url, redis_url, binary, namespace, tmp_path_factory):
    """The SOJOURN_* variables of this module's workers; what stays of them in RabbitMQ and Redis goes at the end."""
    keyring = tmp_path_factory.mktemp("keys") / "keyring.json"
    subprocess.run([binary, "keys", "init", str(keyring)], check=True, stdin=subprocess.DEVNULL, timeout=60)
    yield {
        "SOJOURN_NAMESPACE": namespace,
        "SOJOURN_AMQP_URL": amqp_url,
        "SOJOURN_REDIS_URL": redis_url,
        "SOJOURN_KEYRING_FILE": str(keyring),
    }
    with redis.Redis.from_url(redis_url) as store:
        for key in store.scan_iter(match=f"*{namespace}*", count=1000):
            store.delete(key)


@pytest.fixture(scope="module")
def start_worker(settings, binary, tmp_path_factory, request):
    """Starts a worker of this module's; keyword arguments are further SOJOURN_* variables, without the prefix."""
    folder = tmp_path_factory.mktemp("workers")
    workers = []
    request.module.workers_to_report = workers

    def start(**further):
        further = {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        worker = Worker(binary, folder, f"worker-{len(workers) + 1}", settings | further)
        workers.append(worker)
        return worker

    yield start
    running = [worker for worker in workers if worker.running]
    statuses = {worker.name: worker.stop() for worker in running}
    assert set(statuses.values()) <= {0}, f"these workers did not drain and exit with 0: {statuses}"


@pytest.fixture(scope="module")
def connect(amqp_url, namespace, settings):
    """Makes a client; there has to be a worker that has declared the topology."""
    clients = []

    def connect():
        clients.append(Client(amqp_url, namespace))
        return clients[-1]

    yield connect
    for client in clients:
        client.raise_violations()
    if clients:
        clients[0].delete_topology()
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def open_proxy():
    """Makes a proxy in front of the server of a URL, cut to begin with, and the URL that leads through it."""
    proxies = []

    def open_proxy(url):
        server = urlsplit(url)
        default = 6379 if server.scheme.startswith("redis") else 5672
        proxy = Proxy((server.hostname, server.port or default))
        proxies.append(proxy)
        user, at, _ = server.netloc.rpartition("@")
        return proxy, server._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}").geturl()

    yield open_proxy
    for proxy in proxies:
        proxy.cut()


@pytest.fixture
def subject(request):
    """A subject nobody else uses."""
    return f"{request.node.name[:60]}-{uuid.uuid4().hex[:6]}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the workers logged goes with a failure."""
    report = (yield).get_result()
    if report.failed:
        for worker in getattr(item.module, "workers_to_report", []):
            state = "running" if worker.running else f"exited with {worker.process.returncode}"
            report.sections.append((f"{worker.name} ({state}), the end of its log", worker.log[-3000:]))
