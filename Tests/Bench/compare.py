"""Compares a worker with the limit: rate, CPU, latency, memory. `deploy/local/bench` starts everything and calls this."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time

import growth
import processes
import table
from commands import Commands, check
from load import Loader
from redis_lines import Redis

# How many sessions are validated in turn: more than any cache of one batch, and each is touched once a minute.
POOL = 1000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rpcload", required=True, help="the load program")
    parser.add_argument("--amqp-port", type=int, required=True)
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("--worker", type=int, required=True, help="pid of the worker in the namespace bench")
    parser.add_argument("--memory-worker", type=int, required=True,
                        help="pid of the worker in the namespace memory, on database 1, which forgets message ids at once")
    parser.add_argument("--limit-validate", type=int, required=True, help="pid of `limit -J validate -q limit-validate`")
    parser.add_argument("--limit-create", type=int, required=True, help="pid of `limit -J create -q limit-create`")
    parser.add_argument("--folder", required=True, help="for files of bodies and replies")
    parser.add_argument("--version", action="append", default=[], metavar="NAME=VERSION")
    parser.add_argument("--json", help="write the report here")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--outstanding", type=int, default=256)
    parser.add_argument("--scale", type=float, default=1, help="multiplies the number of commands in a round")
    parser.add_argument("--only", default="validate,create,refresh,revoke", help="commands, separated by commas")
    parser.add_argument("--sessions", type=int, default=100_000, help="for the memory of a session; 0: do not measure it")
    parser.add_argument("--growth", action="store_true", help="also measure what grows with the number of sessions")
    chosen = parser.parse_args()
    if not (1 <= chosen.rounds <= 1000 and 1 <= chosen.outstanding <= 10_000 and 0.001 <= chosen.scale <= 1000
            and 0 <= chosen.sessions <= 5_000_000):
        parser.error("a number is out of range")
    chosen.only = chosen.only.split(",")
    if unknown := set(chosen.only) - {"validate", "create", "refresh", "revoke"}:
        parser.error(f"--only: {', '.join(sorted(unknown))} is not measured")
    if {"refresh", "revoke"} & set(chosen.only) and "create" not in chosen.only:
        chosen.only.append("create")  # whose sessions they refresh and revoke
    return chosen


def say(text):
    print(text, file=sys.stderr, flush=True)


class Comparison:
    def __init__(self, options):
        self.options = options
        self.loader = Loader(
            options.rpcload, options.amqp_port, options.folder,
            broker=processes.listener(options.amqp_port), redis=processes.listener(options.redis_port))
        self.commands = Commands(self.loader, options.worker, "bench")
        self.rounds = {f"session.{name}": [] for name in ("validate", "create", "refresh", "revoke") if name in options.only}

    def count(self, usual):
        return max(self.options.outstanding * 2, int(usual * self.options.scale))

    def single(self, usual):
        return max(50, int(usual * self.options.scale))

    def in_turn(self, index, name, worker, limit):
        """Runs both; odd rounds begin with the limit, so that neither is always the first after a pause."""
        runs = [("worker", worker), ("limit", limit)]
        found = {who: run() for who, run in (runs if index % 2 == 0 else reversed(runs))}
        say(f"    {name}: worker {found['worker']['rate']:.0f}/s {found['worker']['serverCpu']:.1f} µs, "
            f"limit {found['limit']['rate']:.0f}/s {found['limit']['serverCpu']:.1f} µs")
        return found

    def limit(self, which, bodies, count, window):
        pid = self.options.limit_validate if which == "validate" else self.options.limit_create
        return self.loader.run(pid, "", f"limit-{which}", bodies, count, window)

    def validate(self, index):
        bodies, many, one = self.pool, self.count(60_000), self.single(3000)
        self.rounds["session.validate"].append({
            part: self.in_turn(
                index, f"validate, {window} outstanding",
                lambda: self.commands.run("session.validate", bodies, count, window),
                lambda: self.limit("validate", bodies, count, window))
            for part, count, window in (("many", many, self.options.outstanding), ("one", one, 1))
        })

    def create(self, index):
        many, one = self.count(10_000), self.single(1500)
        self.rounds["session.create"].append({
            part: self.in_turn(
                index, f"create, {window} outstanding",
                lambda: self.commands.run("session.create", self.commands.create_bodies(count), count, window, save),
                lambda: self.limit("create", self.commands.create_bodies(count), count, window))
            for part, count, window, save in (
                ("one", one, 1, None), ("many", many, self.options.outstanding, "created"))
        })

    def refresh_and_revoke(self):
        tokens = self.commands.tokens("created")
        for name, key, body in (("refresh", "refresh", "refreshToken"), ("revoke", "session", "token")):
            if name not in self.options.only:
                continue
            bodies = self.loader.bodies(name, ({body: each[key]} for each in tokens))
            found = self.commands.run(f"session.{name}", bodies, len(tokens), self.options.outstanding, name)
            check(self.loader.replies(name), f"session.{name}")
            say(f"    {name}: worker {found['rate']:.0f}/s {found['serverCpu']:.1f} µs")
            self.rounds[f"session.{name}"].append({"many": {"worker": found}})

    def round(self, index):
        if "validate" in self.options.only:
            self.validate(index)
        if "create" in self.options.only:
            self.create(index)
            self.refresh_and_revoke()

    def warm_up(self):
        """A round that is not counted, and a check that the replies are what they should be."""
        self.pool = self.commands.validate_bodies(POOL)
        self.commands.run("session.validate", self.pool, POOL, self.options.outstanding, "warm")
        check(self.loader.replies("warm"), "session.validate")
        kept, self.options.scale = self.options.scale, self.options.scale / 5
        self.round(0)
        self.options.scale = kept
        for rounds in self.rounds.values():
            rounds.clear()

    def report(self):
        commands = {name: {"ratios": table.summary(rounds), "rounds": rounds} for name, rounds in self.rounds.items()}
        for name in ("session.refresh", "session.revoke"):
            if name in commands:
                ratios = [
                    each["many"]["worker"]["serverCpu"] / create["many"]["worker"]["serverCpu"]
                    for each, create in zip(self.rounds[name], self.rounds["session.create"], strict=True)]
                commands[name]["ratios"]["cpuOfCreate"] = statistics.median(ratios)
        return commands


def idle_cpu(pid, seconds):
    """The part of a core that a process takes with nothing to do."""
    time.sleep(2)  # what the load left behind: deadlines, leases
    before = processes.cpu_seconds(pid)
    time.sleep(seconds)
    return (processes.cpu_seconds(pid) - before) / seconds


def machine():
    model = next(
        (line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


def main():
    options = arguments()
    comparison = Comparison(options)
    say("\n==> Warm-up, not counted")
    comparison.warm_up()
    for index in range(options.rounds):
        say(f"\n==> Round {index + 1} of {options.rounds}")
        comparison.round(index)
    redis = Redis(options.redis_port)
    report = {
        "settings": {"rounds": options.rounds, "outstanding": options.outstanding, "scale": options.scale, "sessionsValidated": POOL},
        "machine": machine(),
        "versions": {**dict(each.split("=", 1) for each in options.version), "redis": redis.info("server", "redis_version")},
        "commands": comparison.report(),
        "worker": {"residentBytes": processes.resident_bytes(options.worker)},
    }
    say("\n==> The worker, idle")
    report["worker"]["idleCpu"] = idle_cpu(options.worker, 3 if options.scale < 1 else 15)
    if options.sessions:
        say(f"\n==> The memory of {options.sessions} sessions")
        memory = Commands(comparison.loader, options.memory_worker, "memory")
        report["memory"] = growth.memory(memory, Redis(options.redis_port, 1), options.sessions, say)
        if options.growth:
            say("\n==> Growth")
            report["growth"] = growth.measure(comparison.commands, memory, options, redis, say)
    report["targets"] = table.targets(report)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print("\n" + table.text(report))


main()
