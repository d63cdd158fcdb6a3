"""Starts an arrangement of servers on loopback. Then it either runs a command on it, with the variables that tests need,
or says how to use it, until it is interrupted."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent.parent.parent / "Tests" / "ConformanceTests")]

from topologies import TOPOLOGIES, running


def hint(topology, sojourn):
    variables = {"SOJOURN_AMQP_URL": topology.amqp_url, "SOJOURN_REDIS_URL": topology.redis_url} | topology.settings
    return "\n".join([
        "", "==> Everything is running. To try it, in another terminal:",
        *(f"export {name}='{value}'" for name, value in variables.items()),
        f"{sojourn} worker --dev",
        "and then, in a third one with the same variables:",
        f"{sojourn} send session.create subject=alice",
        "", "Ctrl-C here stops everything.",
    ])


def run(command, topology):
    environment = os.environ | topology.for_tests | {
        "SOJOURN_TEST_AMQP_URL": topology.amqp_url, "SOJOURN_TEST_REDIS_URL": topology.redis_url,
        "SOJOURN_TEST_SETTINGS": json.dumps(topology.settings),
    }
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()


def end(number, _frame):
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)  # from here on everything ends, in order
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the names with a sentence each")
    parser.add_argument("--folder", type=pathlib.Path, help="where the servers keep their files; must be empty")
    parser.add_argument("--sojourn", default="sojourn", help="how the hint calls the program")
    parser.add_argument("name", nargs="?", choices=sorted(TOPOLOGIES))
    parser.add_argument("command", nargs="*", help="after --: what to run instead of waiting")
    arguments = parser.parse_args()
    if arguments.list:
        for name, start in TOPOLOGIES.items():
            print(f"  {name:18} {start.__doc__}")
        return 0
    if not arguments.name or not arguments.folder:
        parser.error("a name and --folder are needed")
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with running(arguments.name, arguments.folder) as topology:
        if arguments.command:
            return run(arguments.command, topology)
        print(hint(topology, arguments.sojourn), flush=True)
        while True:
            signal.pause()


sys.exit(main())
