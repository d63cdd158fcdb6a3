"""What a second lane and a second worker bring: `deploy/local/bench --lanes` starts the workers and calls this."""

import argparse
import os
import re
import statistics
import sys
import urllib.request

import processes
from commands import Commands, check
from load import Loader

COUNT, POOL, OUTSTANDING = 40_000, 1000, 256


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpcload", required=True, help="the load program")
    parser.add_argument("--amqp-port", type=int, required=True)
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("--folder", required=True, help="for files of bodies and replies")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="multiplies the number of commands in a round")
    parser.add_argument("--pool", action="append", required=True, metavar="NAMESPACE=PID:ADMIN_PORT,...",
                        help="the workers of a namespace")
    chosen = parser.parse_args()
    if not (1 <= chosen.rounds <= 1000 and 0.001 <= chosen.scale <= 1000):
        parser.error("a number is out of range")
    return chosen


class Pool:
    """The workers of one namespace."""

    def __init__(self, text, loader):
        self.namespace, workers = text.split("=")
        self.workers = [tuple(map(int, worker.split(":"))) for worker in workers.split(",")]
        self.loader = loader
        commands = Commands(loader, self.workers[0][0], self.namespace)
        commands.create(POOL, 64, self.namespace)
        self.bodies = loader.bodies(
            self.namespace, ({"token": tokens["session"]} for tokens in commands.tokens(self.namespace)))

    def run(self, count):
        """Validates; returns the rate, the pool's CPU in microseconds a command, and the smallest part of a worker."""
        cpu = [processes.cpu_seconds(pid) for pid, _ in self.workers]
        before = [answered(port) for _, port in self.workers]
        found = self.loader.run(
            self.workers[0][0], self.namespace + ".commands", "session.validate", self.bodies, count, OUTSTANDING, "validated")
        check(self.loader.replies("validated"), "session.validate")
        parts = [answered(port) - earlier for (_, port), earlier in zip(self.workers, before, strict=True)]
        spent = sum(processes.cpu_seconds(pid) - earlier for (pid, _), earlier in zip(self.workers, cpu, strict=True))
        return {"rate": found["rate"], "cpu": spent / count * 1e6, "smallest": min(parts) / sum(parts)}


def answered(port):
    """The commands that a worker has answered with success."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        text = page.read().decode()
    series = re.findall(r'^sojourn_commands_total\{[^}]*status="succeeded"[^}]*\} (\d+)', text, re.MULTILINE)
    return sum(map(int, series))


def pin(servers, workers):
    """Gives the servers one half of the cores, and the workers the other. Returns how to undo it."""
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    for pids, own in ((servers, cores[:half]), (workers, cores[half:])):
        for pid in pids:
            place(pid, own)
    return lambda: [place(pid, cores) for pid in (*servers, *workers)]


def place(pid, cores):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def measure(pools, options, title):
    print(f"\n==> {title}", file=sys.stderr)
    found = {pool.namespace: [] for pool in pools}
    for index in range(options.rounds):
        for pool in pools if index % 2 == 0 else pools[::-1]:
            found[pool.namespace].append(pool.run(max(2000, int(COUNT * options.scale))))
    first = found[pools[0].namespace]
    print(f"\n{title}\n{'validate, 256 outstanding':28} {'rate/s':>8} {'ratio':>6} {'CPU µs':>8} {'smallest part':>14}")
    for name, rounds in found.items():
        ratio = statistics.median(each["rate"] / one["rate"] for each, one in zip(rounds, first, strict=True))
        median = {field: statistics.median(each[field] for each in rounds) for field in ("rate", "cpu", "smallest")}
        print(f"{name:28} {median['rate']:8.0f} {ratio:6.2f} {median['cpu']:8.1f} {median['smallest']:14.0%}")


def main():
    options = arguments()
    servers = [processes.listener(options.amqp_port), processes.listener(options.redis_port)]
    loader = Loader(options.rpcload, options.amqp_port, options.folder, broker=servers[0], redis=servers[1])
    pools = [Pool(text, loader) for text in options.pool]
    for pool in pools:
        pool.run(POOL * 4)  # warm-up
    measure(pools, options, "Every process on every core")
    if len(os.sched_getaffinity(0)) > 1:
        undo = pin(servers, [pid for pool in pools for pid, _ in pool.workers])
        measure(pools, options, "Broker and Redis on one half of the cores, workers on the other")
        undo()


main()
