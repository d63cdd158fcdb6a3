"""Worker processes: started, awaited, stopped, and killed by process id."""

import os
import re
import signal
import subprocess
import time

import requests

from proxy import free_port

READY_SECONDS = 30
DRAIN_SECONDS = 30


def built(name):
    """A program as it was built for debugging, such as those that are not released; by default it is beside SOJOURN_BIN."""
    return os.path.join(os.environ.get("SOJOURN_TEST_PROGRAMS") or os.path.dirname(os.environ["SOJOURN_BIN"]), name)


def wait_until(condition, seconds, what):
    """Polls a condition that has no event to wait for; on timeout, says what it waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)


class Worker:
    """One `sojourn worker`. `settings` are its SOJOURN_* variables; it inherits nothing else from the environment."""

    def __init__(self, binary, folder, name, settings, arguments=()):
        self.name = name
        self.namespace = settings["SOJOURN_NAMESPACE"]
        self.log_path = folder / f"{name}.log"
        self.admin = f"127.0.0.1:{free_port()}"
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        environment |= {"SOJOURN_ADMIN_ADDRESS": self.admin} | settings
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [binary, "worker", *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self):
        return self.process.poll() is None

    def get(self, path):
        """The status of an admin endpoint; None while the connection fails."""
        try:
            return requests.get(f"http://{self.admin}{path}", timeout=5).status_code
        except requests.ConnectionError:
            return None

    def answer(self, path):
        """The whole response of an admin endpoint."""
        return requests.get(f"http://{self.admin}{path}", timeout=5)

    def json(self, path):
        """The body of an admin endpoint's 200 response, and its media type."""
        answer = requests.get(f"http://{self.admin}{path}", timeout=5)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:200]}"
        return answer.json(), answer.headers["content-type"]

    def await_ready(self, seconds=READY_SECONDS):
        self._await(lambda: self.get("/readyz") == 200, seconds, "to be ready")
        return self

    def await_unready(self, seconds=READY_SECONDS):
        self._await(lambda: self.get("/readyz") not in (200, None), seconds, "to say that it is not ready")
        return self

    def await_log(self, pattern, seconds=READY_SECONDS, after=0):
        """Waits until the log, from character `after` on, matches `pattern`, ignoring case."""
        found = re.compile(pattern, re.IGNORECASE)
        self._await(lambda: found.search(self.log[after:]), seconds, f"to log {pattern!r}")
        return self

    def _await(self, condition, seconds, what):
        wait_until(lambda: condition() or not self.running, seconds, f"{self.name} {what}")
        assert self.running, f"{self.name} exited with {self.process.returncode}:\n{self.log[-4000:]}"

    def terminate(self):
        """Asks it to drain; `exit_status` waits for the end."""
        self.process.send_signal(signal.SIGTERM)

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def exit_status(self, seconds=DRAIN_SECONDS):
        return self.process.wait(timeout=seconds)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Drains it if it still runs, and returns its status; kills it if it does not exit."""
        if self.running:
            self.terminate()
            try:
                return self.exit_status()
            except subprocess.TimeoutExpired:
                self.kill()
                return "killed: it did not drain"
        return self.process.returncode
