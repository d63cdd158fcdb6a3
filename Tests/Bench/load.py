"""Runs rpcload against one server, and keeps what it and the kernel measured."""

import itertools
import json
import pathlib
import re
import subprocess

import processes

# A run that takes longer than this, in seconds, has failed.
LONGEST = 900


class Loader:
    """Sends commands with rpcload, and reads the CPU of the server, the broker and Redis before and after."""

    def __init__(self, program, amqp_port, folder, broker, redis):
        self.program = program
        self.amqp_port = amqp_port
        self.folder = pathlib.Path(folder)
        self.others = {"broker": broker, "redis": redis}
        self.next_id = itertools.count(1, 10_000_000)  # ranges of correlation ids; a run has fewer

    def bodies(self, name, bodies):
        """Writes a file of bodies, one per line."""
        file = self.folder / f"bodies-{name}"
        file.write_text("".join(json.dumps(body, separators=(",", ":")) + "\n" for body in bodies), encoding="utf-8")
        return file

    def run(self, server, exchange, key, bodies, count, window, save=None, rate=None):
        """Sends `count` requests, `window` of them outstanding.

        Returns the rate per second, latencies in milliseconds, and CPU time in microseconds per request.
        """
        command = [
            self.program, "-p", str(self.amqp_port), "-e", exchange, "-k", key, "-n", str(count), "-W", str(window),
            "-b", str(bodies), "-i", str(next(self.next_id))]
        if save:
            command += ["-o", str(self.folder / save)]
        if rate:
            command += ["-r", str(rate)]
        pids = {"server": server, **self.others}
        before = {name: processes.cpu_seconds(pid) for name, pid in pids.items()}
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
        spent = {name: processes.cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        if done.returncode != 0:
            raise SystemExit(f"error: {key}: {done.stdout}{done.stderr}".strip())
        found = dict(re.findall(r"(\w+)=([\d.]+)", done.stdout))
        if int(found["bad"]):
            raise SystemExit(f"error: {key}: {found['bad']} replies belong to no request")
        return {
            "rate": float(found["rate"]),
            **{name: float(found[name]) for name in ("p50", "p90", "p99", "max")},
            **{f"{name}Cpu": seconds / count * 1e6 for name, seconds in spent.items()},
        }

    def replies(self, save):
        """The results that a run saved."""
        with open(self.folder / save, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
