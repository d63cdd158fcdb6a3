"""A private Redis that keeps everything it acknowledges: append-only, synced with every write."""

import os
import signal
import struct
import subprocess

import redis

from proxy import free_port
from workers import wait_until

START_SECONDS = 20


class RedisServer:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._offset = folder / "offset"
        self._set_offset(0)
        self._library = self._compile_clock()
        self.start()
        self.await_serving()

    def start(self, *options):
        """Starts the server, again after `end`, with what it has stored; it serves somewhat later."""
        environment = dict(os.environ)
        if self._library:
            environment |= {"LD_PRELOAD": str(self._library), "CLOCKSTEP_FILE": str(self._offset)}
        command = [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
            "--appendfsync", "always", "--hash-max-listpack-value", "1024", "--dir", str(self.folder),
            "--maxmemory-policy", "noeviction", *options,
        ]
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def end(self, sent=signal.SIGTERM, seconds=15):
        if self.process.poll() is None:
            self.process.send_signal(sent)
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def client(self):
        return redis.Redis(port=self.port, socket_timeout=5)

    def serves(self):
        """Whether it accepts connections and has loaded its data."""
        try:
            with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def await_serving(self, seconds=START_SECONDS):
        wait_until(self.serves, seconds, "Redis to serve")

    # --- the clock -------------------------------------------------------------------------------------------------

    @property
    def has_clock(self):
        """Whether its clock can be stepped: a C compiler is needed for that."""
        return self._library is not None

    def step_clock(self, milliseconds):
        self._set_offset(self.offset + milliseconds)

    def _set_offset(self, milliseconds):
        self.offset = milliseconds
        # In place: the file is mapped.
        with open(self._offset, "r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("q", milliseconds))

    def _compile_clock(self):
        source, library = os.path.join(os.path.dirname(__file__), "clockstep.c"), self.folder / "clockstep.so"
        try:
            subprocess.run(
                ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), source, "-ldl"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return library
