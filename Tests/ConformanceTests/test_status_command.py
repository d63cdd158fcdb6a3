"""`sojourn status`: one look at a worker, for people and for scripts."""

import json
import socket
import subprocess

import pytest

from proxy import free_port
from workers import wait_until

WELL, NOT_WELL, UNAVAILABLE = 0, 1, 69


@pytest.fixture(scope="module")
def ask(binary):
    """Runs `sojourn status` on a worker, or an address."""

    def ask(worker, *options):
        address = getattr(worker, "admin", worker)
        return subprocess.run(
            [binary, "status", "--admin-address", address, *options], capture_output=True, text=True, timeout=60,
            check=False, stdin=subprocess.DEVNULL)

    return ask


@pytest.fixture(scope="module")
def worker(start_worker, ask):
    worker = start_worker(lanes="2").await_ready()
    wait_until(lambda: json.loads(ask(worker, "--json").stdout)["worker"]["queues"][0].get("consumers"), 20, "the queues")
    return worker


def test_a_worker_that_is_well(worker, ask):
    shown = ask(worker)
    assert (shown.returncode, shown.stderr) == (WELL, "")
    first, *lines = shown.stdout.splitlines()
    assert first.split()[:2] == [worker.namespace, "ready"]
    for start in ("outbox 0 events", "lane-0", "lane-1", "revocations", f"{worker.namespace}.quarantine"):
        assert any(line.startswith(start) for line in lines), start
    assert "!" not in shown.stdout


def test_the_status_as_json(worker, ask):
    shown = ask(worker, "--json")
    assert shown.returncode == WELL
    report = json.loads(shown.stdout)
    assert report["concerns"] == [] and report["worker"]["health"]["status"] == "ready"
    assert set(report["worker"]) == set(worker.json("/status.json")[0])


def test_a_worker_that_is_not_well_says_why_first(start_worker, open_proxy, redis_url, namespace, ask):
    proxy, url = open_proxy(redis_url)
    proxy.restore()
    worker = start_worker(redis_url=url, namespace=f"{namespace}-unwell").await_ready()
    proxy.cut()
    worker.await_unready()
    shown = ask(worker)
    assert shown.returncode == NOT_WELL
    assert shown.stdout.splitlines()[0] == "! the worker is not ready"
    assert any(line.startswith("! redis: ") for line in shown.stdout.splitlines())
    report = ask(worker, "--json")
    assert report.returncode == NOT_WELL and "the worker is not ready" in json.loads(report.stdout)["concerns"]


def test_no_worker(ask):
    shown = ask(f"127.0.0.1:{free_port()}")
    assert (shown.returncode, shown.stdout) == (UNAVAILABLE, "")
    assert shown.stderr.startswith("sojourn: no worker answers at 127.0.0.1:") and "refused" in shown.stderr


@pytest.mark.parametrize("answer", [
    b"", b"hello\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 2_000_000])  # fmt: skip
def test_something_else_that_answers_is_no_worker(binary, answer):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        asking = subprocess.Popen(
            [binary, "status", "--admin-address", address], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            try:
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough
            output, error = asking.communicate(timeout=60)
    assert (asking.returncode, output) == (UNAVAILABLE, "")
    assert error.startswith("sojourn: ") and address in error and len(error.splitlines()) == 1
