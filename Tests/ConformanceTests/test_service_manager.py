"""What a worker tells the service manager that started it, such as systemd (sd_notify(3))."""

import os
import signal
import socket

import pytest


class Manager:
    """The receiving end: collects what it is told."""

    def __init__(self, name):
        self.name = name
        self.told = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def listen(self, seconds=30):
        """The lines of the next message."""
        self._socket.settimeout(seconds)
        lines = self._socket.recv(4096).decode().split("\n")
        self.told += lines
        return lines

    def hears(self, line):
        """Listens until it is told this."""
        while line not in self.told:
            self.listen()
        return self

    def close(self):
        self._socket.close()


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request, tmp_path):
    name = f"@sojourn-{os.getpid()}-{tmp_path.name}" if request.param == "an abstract name" else str(tmp_path / "notify")
    manager = Manager(name)
    yield manager
    manager.close()


@pytest.fixture
def start(start_worker, namespace):
    """Starts a worker that this manager watches."""

    def start(manager, further=None, **settings):
        return start_worker(
            environment={"NOTIFY_SOCKET": manager.name} | (further or {}),
            namespace=f"{namespace}-managed", **settings)

    return start


def test_a_service_manager_learns_that_the_worker_is_ready_lives_and_stops(manager, start):
    worker = start(manager, {"WATCHDOG_USEC": "400000"})
    manager.hears("READY=1").hears("STATUS=ready")
    assert worker.get("/readyz") == 200
    signs = manager.told.count("WATCHDOG=1")
    while manager.told.count("WATCHDOG=1") < signs + 5:
        manager.listen()
    worker.terminate()
    manager.hears("STOPPING=1")
    assert worker.exit_status() == 0
    assert manager.told.count("READY=1") == 1


def test_a_worker_that_waits_for_a_server_asks_for_more_time(manager, start, open_proxy, redis_url):
    proxy, url = open_proxy(redis_url)
    worker = start(manager, redis_url=url)
    while manager.told.count("EXTEND_TIMEOUT_USEC=30000000") < 3:
        manager.listen()
    assert "READY=1" not in manager.told
    assert any(line.startswith("STATUS=not ready: ") and "redis: " in line for line in manager.told)
    proxy.restore()
    manager.hears("READY=1")
    assert worker.stop() == 0
    assert "WATCHDOG=1" not in manager.told, "nobody asked for it"


def test_a_worker_that_is_stopped_gives_no_sign_of_life(manager, start):
    worker = start(manager, {"WATCHDOG_USEC": "400000"})
    manager.hears("READY=1").hears("WATCHDOG=1")
    worker.process.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        while True:
            manager.listen(seconds=2)
    worker.process.send_signal(signal.SIGCONT)
    manager.told.clear()
    manager.hears("WATCHDOG=1")
    assert worker.get("/livez") == 200, "a worker that was suspended needs no restart"
    assert worker.stop() == 0
