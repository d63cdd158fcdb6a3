"""Private RabbitMQ nodes: one alone, for tests that would harm the shared one, or a cluster of three."""

import os
import pathlib
import shutil
import signal
import subprocess

import pika

from processes import end_all, end_process, start_process
from proxy import free_port
from servers import open_broker
from workers import wait_until

START_SECONDS = 120
CLUSTER_NODES = 3


def _script():
    debian = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(debian if debian.exists() else pathlib.Path(shutil.which("rabbitmq-server")).resolve())


class _Home:
    """What the nodes of a cluster share: Erlang's cookie, which is in their HOME, and its port mapper."""

    def __init__(self, folder):
        self.folder = folder
        port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder),
            "ERL_EPMD_PORT": str(port), "ERL_EPMD_ADDRESS": "127.0.0.1",
        }  # fmt: skip
        # A node that finds no port mapper starts one that outlives it.
        self._mapper = start_process(
            ["epmd", "-port", str(port), "-address", "127.0.0.1"], folder / "epmd.log", env=self.environment, cwd=folder)

    def end(self):
        end_process(self._mapper)


class Node:
    """One node with its own folder, on loopback, with these lines of configuration. It is not started yet."""

    def __init__(self, folder, home, port, configuration):
        folder.mkdir(exist_ok=True)
        self.folder, self.port = folder, port
        self.name = _name(port)
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        self.process = None
        (folder / "rabbitmq.conf").write_text("\n".join(configuration) + "\n")
        (folder / "enabled_plugins").write_text("[].")
        node = {
            "USE_LONGNAME": "true",  # a node named by its address needs no name resolution
            "NODENAME": self.name,
            "NODE_IP_ADDRESS": "127.0.0.1",
            "NODE_PORT": str(port),
            "DIST_PORT": str(free_port()),
            "SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "MNESIA_BASE": str(folder / "mnesia"),
            "LOG_BASE": str(folder / "log"),
            "PID_FILE": str(folder / "pid"),
            "CONF_ENV_FILE": str(folder / "none"),
            "CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        }
        self.environment = home.environment | {"ERL_CRASH_DUMP": str(folder / "erl_crash.dump")}
        self.environment |= {f"RABBITMQ_{name}": value for name, value in node.items()}

    def start(self):
        """Starts the node, again after `end`, with what it has stored; it serves somewhat later."""
        # Its own folder is where Mnesia leaves a dump if it is killed at a bad moment.
        self.process = start_process([_script()], self.folder / "output.log", env=self.environment, cwd=self.folder)

    def end(self, sent=signal.SIGTERM, seconds=30):
        """Ends the node alone."""
        if self.process:
            end_process(self.process, sent, seconds)

    def signal(self, sent):
        """Sends a signal to all processes of the node."""
        os.killpg(self.process.pid, sent)

    def serves(self):
        """Whether it accepts connections."""
        try:
            open_broker(self.url, socket_timeout=2, stack_timeout=2).close()
            return True
        except (pika.exceptions.AMQPError, OSError):
            return False

    def await_serving(self):
        def serves():
            output = (self.folder / "output.log").read_text(errors="replace")[-2000:]
            assert self.process.poll() is None, f"RabbitMQ did not start:\n{output}"
            return self.serves()

        wait_until(serves, START_SECONDS, "RabbitMQ to serve")

    def control(self, *arguments):
        """`rabbitmqctl` on this node; returns its output."""
        script = str(pathlib.Path(_script()).with_name("rabbitmqctl"))
        return subprocess.run(
            [script, *arguments], env=self.environment, check=True, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=60, text=True,
        ).stdout  # fmt: skip


class Broker(Node):
    """A node alone, which runs."""

    def __init__(self, folder, *configuration):
        self._home = _Home(folder)
        super().__init__(folder, self._home, free_port(), configuration)
        try:
            self.start()
            self.await_serving()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.end()
        self._home.end()


class BrokerCluster:
    """Three nodes that have found each other, and know which part of a split may go on."""

    def __init__(self, folder, *configuration):
        self._home = _Home(folder)
        first, *others = [free_port() for _ in range(CLUSTER_NODES)]
        common = ["cluster_partition_handling = pause_minority", *configuration]
        # The first has none to join. Nodes that start at the same time may each begin a cluster of their own.
        join = [
            "cluster_formation.peer_discovery_backend = classic_config",
            f"cluster_formation.classic_config.nodes.1 = {_name(first)}"]
        self.nodes = [Node(folder / "node-1", self._home, first, common)]
        self.nodes += [
            Node(folder / f"node-{place + 2}", self._home, port, common + join) for place, port in enumerate(others)]
        try:
            self.nodes[0].start()
            self.nodes[0].await_serving()
            for node in self.nodes[1:]:
                node.start()
            for node in self.nodes[1:]:
                node.await_serving()
            self.nodes[0].control("await_online_nodes", str(CLUSTER_NODES), "--timeout", "50")
        except BaseException:
            self.stop()
            raise

    @property
    def url(self):
        """The URLs of all nodes, as in SOJOURN_AMQP_URL."""
        return ",".join(node.url for node in self.nodes)

    def stop(self):
        # Nobody needs what they store, and an orderly end takes seconds each.
        end_all([*(lambda node=node: node.end(signal.SIGKILL) for node in self.nodes), self._home.end])


def _name(port):
    return f"sojourn-test-{port}@127.0.0.1"
