"""Fixtures of the conformance tests: the servers, a namespace per module, workers and a client."""

import json
import os
import pathlib
import subprocess
import time
import uuid
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

import seen
from client import Client
from proxy import proxied
from redis_servers import RedisServer
from servers import open_redis
from settling import Batch, Command
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


@contextmanager
def installation(namespace, amqp_url, redis_url, binary, folder):
    """The SOJOURN_* variables of a namespace's workers; its keys in Redis are removed at the end. Servers that need further
    settings (deploy/local/engines) give them in SOJOURN_TEST_SETTINGS, as JSON."""
    keyring = folder / "keyring.json"
    subprocess.run([binary, "keys", "init", str(keyring)], check=True, stdin=subprocess.DEVNULL, timeout=60)
    yield {
        "SOJOURN_NAMESPACE": namespace,
        "SOJOURN_AMQP_URL": amqp_url,
        "SOJOURN_REDIS_URL": redis_url,
        "SOJOURN_KEYRING_FILE": str(keyring),
    } | json.loads(os.environ.get("SOJOURN_TEST_SETTINGS", "{}"))
    with open_redis(redis_url) as store:
        left = list(store.scan_iter(match=f"*{namespace}*", count=1000))
        for start in range(0, len(left), 1000):
            store.unlink(*left[start : start + 1000])


@pytest.fixture(scope="module")
def settings(namespace, amqp_url, redis_url, binary, tmp_path_factory):
    """The SOJOURN_* variables of this module's workers."""
    with installation(namespace, amqp_url, redis_url, binary, tmp_path_factory.mktemp("keys")) as settings:
        yield settings


@pytest.fixture(scope="module")
def start_worker(settings, binary, tmp_path_factory, request):
    """Starts a worker in this module's namespace; keyword arguments are further SOJOURN_* variables, without the
    prefix. Those in `environment` are not Sojourn's own."""
    folder = tmp_path_factory.mktemp("workers")
    workers = []
    request.module.workers_to_report = workers

    def start(environment=None, **further):
        further = {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        worker = Worker(binary, folder, f"worker-{len(workers) + 1}", settings | further | (environment or {}))
        workers.append(worker)
        return worker

    yield start
    running = [worker for worker in workers if worker.running]
    statuses = {worker.name: worker.stop() for worker in running}
    assert set(statuses.values()) <= {0}, f"these workers did not drain and exit with 0: {statuses}"


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory):
    """Writes policies to a file, for a worker's policy_file."""

    def policy_file(policies):
        path = tmp_path_factory.mktemp("policies") / "policies.json"
        path.write_text(json.dumps(policies))
        return str(path)

    return policy_file


@pytest.fixture(scope="module")
def connect(amqp_url, namespace, settings):
    """Creates a client; a worker must have declared the topology before."""
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
def worker(start_worker):
    """A worker with the default settings, unless a module has one with others."""
    return start_worker().await_ready()


@pytest.fixture(scope="module")
def client(worker, connect):
    return connect()


@pytest.fixture(scope="module")
def elsewhere(start_worker, amqp_url, namespace):
    """Starts a worker in its own namespace, where no other worker consumes; returns it, and a client there."""
    clients = []

    def elsewhere(**settings):
        worker = start_worker(namespace=f"{namespace}-{len(clients) + 1}", **settings).await_ready()
        clients.append(Client(amqp_url, worker.namespace))
        return worker, clients[-1]

    yield elsewhere
    for client in clients:
        client.raise_violations()
        client.delete_topology()
        client.close()


@pytest.fixture(scope="module")
def open_proxy():
    """`proxied`, for the duration of this module's tests."""
    proxies = []

    def open_proxy(url, **options):
        proxy, through = proxied(url, **options)
        proxies.append(proxy)
        return proxy, through

    yield open_proxy
    for proxy in proxies:
        proxy.cut()


@pytest.fixture(scope="session")
def deserted(amqp_url, redis_url, binary, tmp_path_factory):
    """A worker that lost its Redis when the first test requested this, its client, and a batch sent to it then. After a
    minute it gives up; until then other tests run."""
    namespace, folder = f"conformance{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("deserted")
    with installation(namespace, amqp_url, redis_url, binary, folder) as settings:
        proxy, url = proxied(redis_url)
        proxy.restore()
        worker = Worker(binary, folder, "deserted", settings | {"SOJOURN_REDIS_URL": url}).await_ready()
        client = Client(amqp_url, namespace)
        token = client.create("before")["tokens"]["session"]
        proxy.cut()
        worker.await_unready()
        commands = [Command("session.create", {"subject": "meanwhile"}), Command("session.validate", {"token": token})]
        yield SimpleNamespace(proxy=proxy, worker=worker, client=client, batch=Batch(client, commands).publish())
        client.raise_violations()
        client.delete_topology()
        client.close()
        worker.stop()
        proxy.cut()


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory):
    """A Redis for one module, which changes settings that concern everybody who uses the server."""
    server = RedisServer(tmp_path_factory.mktemp("redis") / "server")
    try:
        server.await_serving()
        yield server
    finally:
        server.end()


@pytest.fixture
def subject(request):
    """A subject that no other test uses."""
    return f"{request.node.name[:60]}-{uuid.uuid4().hex[:6]}"


# --- whole runs --------------------------------------------------------------------------------------------------

COVERAGE = "test_coverage.py"


def pytest_addoption(parser):
    parser.addoption("--seed", default=str(time.time_ns()), help="the order in which test_races.py publishes, again")
    parser.addoption(
        "--save-seen", type=pathlib.Path, metavar="FOLDER", help="save there what clients see, for a run with --seen")
    parser.addoption(
        "--seen", type=pathlib.Path, metavar="FOLDER", help=f"for {COVERAGE}: what clients saw in an earlier run")


def pytest_configure(config):
    config.addinivalue_line("markers", "core: also runs on every other arrangement of servers (deploy/local/engines)")
    config.addinivalue_line("markers", "rests(**fields): begins with a session that has expired (test_reauthentication.py)")
    if folder := config.getoption("seen"):
        for path in folder.iterdir():
            seen.add(path)


def pytest_report_collectionfinish(config):
    return f"races: --seed {config.getoption('seed')}"


def pytest_collection_modifyitems(config, items):
    if not config.getoption("seen"):
        items[:] = [item for item in items if item.path.name != COVERAGE]


def pytest_sessionfinish(session):
    if folder := session.config.getoption("save_seen"):
        folder.mkdir(exist_ok=True)
        seen.save(folder / str(os.getpid()))


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("seen"):
        terminalreporter.section("what commands were answered, beside success")
        for line in seen.table():
            terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Attaches the workers' logs to a failure."""
    report = (yield).get_result()
    if report.failed:
        for worker in getattr(item.module, "workers_to_report", []):
            state = "running" if worker.running else f"exited with {worker.process.returncode}"
            report.sections.append((f"{worker.name} ({state}), the end of its log", worker.log[-3000:]))
