"""The programs in Examples/python, run as a user would run them."""

import os
import pathlib
import signal
import subprocess
import sys
from contextlib import contextmanager

from workers import wait_until

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Examples" / "python"
SECONDS = 30


def environment(settings, **further):
    """What a program sees: the pool's settings without the worker's own."""
    names = ("SOJOURN_AMQP_URL", "SOJOURN_NAMESPACE")
    own = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return own | {name: settings[name] for name in names} | further


def run(program, *arguments, settings, body="", **further):
    """Runs one to its end, with `body` as its standard input."""
    return subprocess.run(
        [sys.executable, program, *arguments], cwd=FOLDER, env=environment(settings, **further), input=body,
        capture_output=True, text=True, timeout=SECONDS)


class Running:
    """One that runs until it is told to end. `output` and `errors` are files, because a pipe that nobody reads fills up."""

    def __init__(self, folder, program, *arguments, settings, body=b"", **further):
        self.paths = [folder / f"{program}.{kind}" for kind in ("out", "err")]
        files = [open(path, "ab") for path in self.paths]
        self.process = subprocess.Popen(
            [sys.executable, program, *arguments], cwd=FOLDER, env=environment(settings, **further), stdin=subprocess.PIPE,
            stdout=files[0], stderr=files[1])
        self.process.stdin.write(body)
        self.process.stdin.close()
        for file in files:
            file.close()

    @property
    def output(self):
        return self.paths[0].read_text(encoding="utf-8")

    @property
    def errors(self):
        return self.paths[1].read_text(encoding="utf-8")

    def await_output(self, text):
        self.wait_for(lambda: text in self.output, f"to print {text!r}")

    def await_errors(self, text, times=1):
        self.wait_for(lambda: self.errors.count(text) >= times, f"to say {text!r}")

    def wait_for(self, condition, what):
        wait_until(lambda: condition() or self.process.poll() is not None, SECONDS, what)
        assert condition(), f"it ended with {self.process.returncode}:\n{self.output}\n{self.errors}"

    def interrupt(self):
        """Ctrl-C; returns the status."""
        self.process.send_signal(signal.SIGINT)
        return self.status()

    def status(self):
        return self.process.wait(timeout=SECONDS)


@contextmanager
def running(*arguments, **settings):
    program = Running(*arguments, **settings)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()
