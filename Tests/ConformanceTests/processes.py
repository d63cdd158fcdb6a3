"""Servers as processes in sessions of their own, so that what they start ends with them."""

import os
import signal
import subprocess
from contextlib import ExitStack


def start_process(command, log, **options):
    with open(log, "ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options)


def end_process(process, sent=signal.SIGTERM, seconds=30):
    """Signals a process and what it has started; kills them if they do not end in time."""
    if process.poll() is None:
        os.killpg(process.pid, sent)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_all(ends):
    """Calls all of these, in order, whatever of it fails."""
    with ExitStack() as stack:
        for end in reversed(list(ends)):
            stack.callback(end)
