"""A private RabbitMQ for tests that would harm the shared one."""

import os
import pathlib
import shutil
import signal
import subprocess

import pika

from proxy import free_port
from workers import wait_until

START_SECONDS = 120


def _script():
    debian = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(debian if debian.exists() else pathlib.Path(shutil.which("rabbitmq-server")).resolve())


class Broker:
    """One node with its own folder, on loopback, with these lines of configuration."""

    def __init__(self, folder, *configuration):
        self.folder = folder
        self.port, distribution, mapper = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        (folder / "rabbitmq.conf").write_text("\n".join(configuration) + "\n")
        (folder / "enabled_plugins").write_text("[].")
        node = {
            "USE_LONGNAME": "true",
            "NODENAME": f"sojourn-test-{self.port}@127.0.0.1",
            "NODE_IP_ADDRESS": "127.0.0.1",
            "NODE_PORT": str(self.port),
            "DIST_PORT": str(distribution),
            "SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "MNESIA_BASE": str(folder / "mnesia"),
            "LOG_BASE": str(folder / "log"),
            "PID_FILE": str(folder / "pid"),
            "CONF_ENV_FILE": str(folder / "none"),
            "CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        }
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        } | {f"RABBITMQ_{name}": value for name, value in node.items()}
        # A node that finds no port mapper starts one that outlives it.
        self.mapper = self._start(["epmd", "-port", str(mapper), "-address", "127.0.0.1"])
        self.start()
        self._await()

    def start(self):
        """Starts the node, again after `end`, with what it has stored; it serves somewhat later."""
        self.process = self._start([_script()])

    def end(self, sent=signal.SIGTERM, seconds=30):
        """Ends the node alone."""
        self._end(self.process, sent, seconds)

    def _start(self, command):
        with open(self.folder / "output.log", "ab") as log:
            return subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                cwd=self.folder,  # where Mnesia leaves a dump if it is killed at a bad moment
            )  # fmt: skip

    def _await(self):
        def serves():
            output = (self.folder / "output.log").read_text(errors="replace")[-2000:]
            assert self.process.poll() is None, f"RabbitMQ did not start:\n{output}"
            try:
                pika.BlockingConnection(pika.URLParameters(self.url)).close()
                return True
            except pika.exceptions.AMQPError:
                return False

        wait_until(serves, START_SECONDS, "RabbitMQ to serve")

    def control(self, *arguments):
        """`rabbitmqctl` on this node; returns its output."""
        script = str(pathlib.Path(_script()).with_name("rabbitmqctl"))
        return subprocess.run(
            [script, *arguments], env=self.environment, check=True, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=60, text=True,
        ).stdout

    def stop(self):
        for process in (self.process, self.mapper):
            self._end(process, signal.SIGTERM, 30)

    def _end(self, process, sent, seconds):
        if process.poll() is None:
            os.killpg(process.pid, sent)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
