"""Fixtures of the deployment tests: the files of deploy/, the tools that check them, and servers set up with them."""

import json
import os
import pathlib
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import redis

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Tests" / "ConformanceTests")]

from brokers import Broker  # noqa: E402
from processes import end_process, start_process  # noqa: E402
from proxy import free_port  # noqa: E402
from tour import POLICIES  # noqa: E402
from workers import Worker, wait_until  # noqa: E402

DEPLOY = ROOT / "deploy"
VIRTUAL_HOST = "sojourn"


def pytest_configure():
    """Ends like Ctrl-C when deploy/local/test ends it: what the fixtures have started must end, too."""

    def interrupt(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def run(*command, seconds=120, status=0, **options):
    """Runs a program that must exit with this status, and returns what it wrote."""
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False} | options
    done = subprocess.run([str(word) for word in command], timeout=seconds, **options)
    assert done.returncode == status, f"{command[0]} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
    return (done.stdout or "") + (done.stderr or "")


def tool(name):
    """The path of a program that one of the test's Python packages installs."""
    return pathlib.Path(sys.executable).parent / name


@pytest.fixture(scope="session")
def binary():
    value = os.environ.get("SOJOURN_BIN")
    if not value:
        pytest.exit("SOJOURN_BIN is not set (the sojourn binary to test). deploy/local/test sets it; run that instead.", 2)
    return value


@pytest.fixture(scope="session")
def package(binary, tmp_path_factory):
    """The package. SOJOURN_BIN must be a release binary, as deploy/local/test builds it: a debug build needs Swift."""
    folder = tmp_path_factory.mktemp("package")
    run(DEPLOY / "debian" / "build", "--binary", binary, folder, seconds=500)
    return next(folder.glob("*.deb"))


@pytest.fixture(scope="session")
def keyring(binary, tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    run(binary, "keys", "init", path)
    return path


@pytest.fixture(scope="session")
def servers(binary, tmp_path_factory):
    """A RabbitMQ and a Redis with the users that deploy/credentials writes, as docs/operations.md sets them up. `urls` are
    those of the users, by name; an administrator of the tests' own is called `tester` in both."""
    folder = tmp_path_factory.mktemp("servers")
    credentials, redis_port = folder / "credentials", free_port()
    (folder / "rabbitmq").mkdir()
    broker = Broker(folder / "rabbitmq")
    store = None
    try:
        run(DEPLOY / "credentials", "--rabbitmq", f"127.0.0.1:{broker.port}", "--redis", f"127.0.0.1:{redis_port}",
            credentials)
        topology = folder / "topology.json"
        topology.write_text(run(binary, "topology", "--vhost", VIRTUAL_HOST))
        broker.control("import_definitions", str(credentials / "definitions.json"))
        broker.control("import_definitions", str(topology))
        broker.control("delete_user", "guest")
        broker.control("add_user", "tester", "secret")
        broker.control("set_permissions", "--vhost", VIRTUAL_HOST, "tester", ".*", ".*", ".*")
        (folder / "redis").mkdir()
        store = start_process(
            ["redis-server", str(DEPLOY / "redis" / "redis.conf"), "--port", str(redis_port), "--bind", "127.0.0.1",
             "--dir", str(folder / "redis"), "--aclfile", str(credentials / "users.acl")],
            folder / "redis.log")  # fmt: skip
        urls = {path.stem: path.read_text().strip() for path in credentials.glob("*.url")}
        urls["tester"] = f"amqp://tester:secret@127.0.0.1:{broker.port}/{VIRTUAL_HOST}"
        wait_until(lambda: _answers(urls["sojourn-admin"]), 20, "Redis to serve")
        yield SimpleNamespace(
            urls=urls, credentials=credentials, control=broker.control,
            worker=json.loads((credentials / "worker.json").read_text()))
    finally:
        if store:
            end_process(store)
        broker.stop()


def _answers(url):
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as store:
            return store.ping()
    except redis.ConnectionError:
        return False


@pytest.fixture(scope="session")
def worker(binary, servers, keyring, tmp_path_factory):
    """A worker with the configuration that deploy/credentials writes, in the default namespace."""
    folder = tmp_path_factory.mktemp("worker")
    policies = folder / "policies.json"
    policies.write_text(json.dumps(POLICIES))
    worker = Worker(
        binary, folder, "worker",
        {"SOJOURN_NAMESPACE": "sojourn", "SOJOURN_KEYRING_FILE": str(keyring), "SOJOURN_POLICY_FILE": str(policies)},
        ["--config", str(servers.credentials / "worker.json")])  # fmt: skip
    yield worker.await_ready()
    assert worker.stop() == 0, worker.log[-3000:]
