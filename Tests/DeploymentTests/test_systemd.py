"""The units of deploy/systemd: accepted by systemd, closed to what a worker does not need, and in step with its settings."""

import re
import shutil

import pytest

from conftest import DEPLOY, run

UNITS = DEPLOY / "systemd"
# systemd's own scale reaches from 0 (closed) to 10; this is in tenths. What remains: it uses the network, the host's files
# (read-only), and /proc/meminfo and the like.
EXPOSURE = 12


@pytest.fixture
def units(tmp_path):
    """Worker 1, as after `systemctl enable sojourn@1`, and a system that has the program."""
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.mkdir(parents=True)
    shutil.copy(UNITS / "sojourn@.service", folder / "sojourn@1.service")
    shutil.copy(UNITS / "sojourn.target", folder)
    return folder


def test_systemd_accepts_the_units(units, tmp_path):
    for program in ("/usr/bin/sojourn", "/bin/kill"):
        path = tmp_path / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for unit in units.iterdir():
        text = unit.read_text().replace("=/usr/bin/", f"={tmp_path}/usr/bin/")
        unit.write_text(text)
    warnings = run("systemd-analyze", "verify", "--man=no", *units.iterdir())
    assert not warnings


def test_a_worker_is_confined(units):
    run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager",
        units / "sojourn@1.service")


def test_it_is_not_killed_while_it_drains():
    unit, drain = (UNITS / "sojourn@.service").read_text(), 25
    readme = (DEPLOY.parent / "README.md").read_text()
    assert f"| `SOJOURN_DRAIN_SECONDS` | seconds | `{drain}` |" in readme
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) > drain + 10


def test_it_is_not_restarted_when_only_a_change_helps():
    unit, readme = (UNITS / "sojourn@.service").read_text(), (DEPLOY.parent / "README.md").read_text()
    statuses = re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)[1].split()
    assert all(re.search(rf"^\| {status} \| (usage|configuration) error", readme, re.MULTILINE) for status in statuses)
    assert statuses == ["64", "78"]


def test_the_example_names_settings_that_exist():
    readme = (DEPLOY.parent / "README.md").read_text()
    settings = set(re.findall(r"^\| `(SOJOURN_\w+)`", readme, re.MULTILINE))
    files = [UNITS / "worker.env", UNITS / "sojourn@.service"]
    named = {name for path in files for name in re.findall(r"^#?(?:Environment=)?(SOJOURN_\w+)=", path.read_text(), re.M)}
    assert "SOJOURN_KEYRING_FILE" in named and named <= settings, named - settings


def test_sysusers_makes_the_user(tmp_path):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", UNITS / "sojourn.sysusers")
    assert re.search(r"^sojourn:.*:/nonexistent:/usr/sbin/nologin$", (tmp_path / "etc" / "passwd").read_text(), re.MULTILINE)
