"""docs/operations.md, followed on a fresh machine: its commands are run as printed, and do what it says."""

import json
import re
import uuid
from contextlib import contextmanager

import pytest

from conftest import ROOT, run
from documents import blocks, sections
from machine import Machine, image
from processes import end_process
from workers import wait_until

PAGE = sections((ROOT / "docs" / "operations.md").read_text())
POOL, BACKUPS, AUDIT, UPGRADES = "A pool of two workers", "Backups", "The audit log", "Upgrades"
# Blocks that are not run here, by section: why.
ELSEWHERE = {
    "Moving to a cluster": "Tests/ConformanceTests/test_moves.py does it with a cluster",
    "The package": "the fixture `package` builds it",
    "Containers": "there is no container engine; test_docker.py checks the files",
}
WORKERS = ("sojourn@1", "sojourn@2")
LOGIN = blocks(PAGE[POOL])[-1].splitlines()[0]  # as a publisher
READY = "curl --silent --fail --fail-early http://127.0.0.1:9491/readyz http://127.0.0.1:9492/readyz"


class Pool:
    """The pool on the machine, and what an operator types there."""

    def __init__(self, machine, folder):
        self.machine, self.folder = machine, folder
        self.run = machine.run

    def follow(self, section):
        """Runs the blocks of a section. Each is a shell of its own."""
        for block in blocks(PAGE[section]):
            self.run(block, seconds=300)

    def send(self, command, **body):
        """`sojourn send` as a publisher; returns the reply."""
        self.machine.write("/root/body.json", json.dumps(body))
        return json.loads(self.run(f"{LOGIN}; sojourn send --json {command} --body body.json || [ $? = 1 ]"))

    def create(self, subject):
        return self.send("session.create", subject=subject)["data"]["tokens"]["session"]

    def is_valid(self, token):
        return self.send("session.validate", token=token)["data"]["valid"]

    @contextmanager
    def validating(self, token):
        """Validates a token again and again meanwhile, and each time has to succeed. Yields a function that counts."""
        self.machine.write("/root/token.json", json.dumps({"token": token}))
        log = self.folder / f"{uuid.uuid4().hex}.log"
        loop = "until [ -e enough ]; do sojourn send --json session.validate --body token.json; done"
        process = self.machine.start(f"rm -f enough; {LOGIN}; {loop}", log)
        try:
            yield lambda: log.read_text().count('"valid":true')
            self.run("touch enough")
            assert process.wait(timeout=30) == 0, log.read_text()[-2000:]
        finally:
            end_process(process)

    def await_ready(self):
        wait_until(lambda: "ready" in self.run(f"{READY} && echo ready || true"), 60, "both workers to be ready")

    def ask(self, url):
        return json.loads(self.run(f"curl --silent --fail '{url}'"))


@pytest.fixture(scope="module")
def pool(package, tmp_path_factory):
    """Follows the page from an empty machine to a pool."""
    folder = tmp_path_factory.mktemp("machine")
    installed = re.findall(r"^ *apt-get install (.*)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    depends = run("dpkg-deb", "--field", package, "Depends", "Recommends")
    packages = {word for line in installed for word in line.split() if not word.startswith(("./", "--"))}
    packages |= set(re.findall(r"(?:^\w+: |, )([\w.+-]+)", depends, re.MULTILINE))
    machine = Machine(image(packages), folder / "machine.log")
    try:
        pool = Pool(machine, folder)
        for file in (package, package.parent / "SHA256SUMS"):
            machine.copy(file, f"/root/{file.name}")
        pool.follow(POOL)
        yield pool
    finally:
        machine.end()


def test_each_block_of_the_page_is_run():
    assert {name for name, text in PAGE.items() if blocks(text)} == {POOL, BACKUPS, AUDIT, UPGRADES, *ELSEWHERE}


def test_both_workers_are_ready_and_start_with_the_machine(pool):
    pool.run(READY)
    assert set(WORKERS) <= set(re.findall(r"sojourn@\d", pool.run("systemctl list-dependencies --plain multi-user.target")))
    command = re.search(r"`(sojourn status --admin-address [\d.:]+)`", PAGE[POOL])[1]
    for port in ("9491", "9492"):
        pool.run(command.replace("9491", port))


def test_prometheus_scrapes_all_of_it(pool):
    def targets():
        active = pool.ask("http://127.0.0.1:9090/api/v1/targets?state=active")["data"]["activeTargets"]
        return sorted((target["labels"]["job"], target["health"]) for target in active)

    expected = [("rabbitmq", "up"), ("redis", "up"), ("sojourn", "up"), ("sojourn", "up")]
    wait_until(lambda: targets() == expected, 60, "all targets to be up")


def test_an_alert_fires_once_redis_is_stopped_and_clears_once_it_is_started(pool):
    """As Alertmanager hears of it, and with shorter intervals than those that make up the two minutes of the page."""
    stop, alert, start = re.search(
        r"`(systemctl stop redis-server)`, wait two minutes for `(\w+)`, `(systemctl start redis-server)`",
        PAGE[POOL].replace("\n", " ")).groups()  # fmt: skip

    def fires():
        return alert in {each["labels"]["alertname"] for each in pool.ask("http://127.0.0.1:9093/api/v2/alerts")}

    pool.run("sed -i 's/_interval: 15s/_interval: 1s/' /etc/prometheus/prometheus.yml")
    pool.run("sed -i 's/for: 1m$/for: 2s/' /etc/prometheus/alerts.yml && systemctl reload prometheus")
    assert not fires()
    pool.run(stop)
    wait_until(fires, 60, f"{alert} to fire")
    pool.run(start)
    wait_until(lambda: not fires(), 60, f"{alert} to clear")
    pool.await_ready()
    assert pool.is_valid(pool.create("alice"))


def test_an_upgrade_pauses_nobody_and_can_be_undone(pool, package, tmp_path):
    """To a package that differs in its version alone."""
    version = run("dpkg-deb", "--field", package, "Version").strip()
    run("dpkg-deb", "--raw-extract", package, tmp_path / "root")
    control = tmp_path / "root" / "DEBIAN" / "control"
    control.write_text(control.read_text().replace(f"\nVersion: {version}\n", f"\nVersion: {version}+1\n"))
    newer = tmp_path / package.name.replace(version, f"{version}+1")
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tmp_path / "root", newer)

    def processes():
        return set(pool.run("systemctl show --property ExecMainPID --value sojourn@1 sojourn@2").split())

    def replace(file, install, restart):
        pool.run("rm sojourn_*.deb")
        pool.machine.copy(file, f"/root/{file.name}")
        before = processes()
        with pool.validating(token) as times:
            pool.run(install)
            assert processes() == before, "the page says that this restarts nothing"
            pool.run(restart)
            done = times()
            wait_until(lambda: times() > done + 3, 30, "commands to be answered afterwards")
        assert len(processes() | before) == 4
        assert pool.run("dpkg-query --show --showformat '${Version}' sojourn") == file.name.split("_")[1]

    upgrade, undo = blocks(PAGE[UPGRADES])
    install, restart = upgrade.splitlines()
    token = pool.create("alice")
    replace(newer, install, restart)
    replace(package, undo, restart)


def test_a_backup_is_restored_and_what_it_brings_back_is_ended(pool):
    ended, kept = pool.create("bob"), pool.create("carol")
    (restore,) = blocks(PAGE[BACKUPS])
    login = re.search(r"^export REDISCLI_AUTH=.*$", restore, re.MULTILINE)[0]
    ask = "redis-cli --user sojourn-admin"
    pool.run(f"{login}; {ask} bgsave; until {ask} info persistence | grep rdb_bgsave_in_progress:0; do sleep 0.1; done")
    pool.run("cp /var/lib/redis/dump.rdb backup.rdb")
    pool.send("session.revoke", token=ended)
    later = pool.create("dave")
    assert [pool.is_valid(token) for token in (ended, kept, later)] == [False, True, True]

    pool.run("systemctl stop sojourn.target")
    pool.follow(BACKUPS)
    pool.run("systemctl start sojourn@1")
    assert [pool.is_valid(token) for token in (ended, kept, later)] == [True, True, False], "as the page warns"
    end = re.search(r"`(sojourn send session.revoke [^`]+)`", PAGE[BACKUPS])[1].replace("\n", " ")
    pool.run(f"{LOGIN}; {end.replace('NAME', 'default').replace('TIME', '$(date --utc +%FT%T.%3NZ)')}")
    assert [pool.is_valid(token) for token in (ended, kept)] == [False, False]
    pool.run("systemctl start sojourn.target")
    pool.await_ready()


def test_the_audit_log_is_written_rotated_and_verified(pool):
    turn_on, verify = blocks(PAGE[AUDIT])
    pool.run(turn_on)
    pool.create("erin")
    logs = ["/var/log/sojourn/audit-1.jsonl", "/var/log/sojourn/audit-2.jsonl"]
    assert '"subject":"erin"' in pool.run(f"cat {' '.join(logs)}")
    pool.run("logrotate --force /etc/logrotate.d/sojourn")
    wait_until(lambda: all(pool.run(f"[ ! -e {log} ] || echo there") for log in logs), 30, "new files")
    pool.create("frank")
    assert '"subject":"frank"' in pool.run(f"cat {' '.join(logs)}")
    for log in logs:
        pool.run(verify.replace(logs[0], f"{log}-* {log}"))
