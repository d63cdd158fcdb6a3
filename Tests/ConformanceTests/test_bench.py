"""`sojourn bench`, against a real worker: its figures add up, and it removes what it made."""

import json
import os
import pathlib
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
import redis

from proxy import free_port
from workers import wait_until

SCHEMA = pathlib.Path(__file__).parents[2] / "docs" / "bench-report.schema.json"
# A run of a second or two, on a machine that other tests use as well.
SMALL = ("--outstanding", "8", "--sessions", "40", "--seconds", "1", "--warm-up", "0")
SECONDS = 90


@pytest.fixture(scope="module")
def worker(start_worker):
    # What is remembered of message ids would stay for an hour, and hide what the benchmark leaves.
    return start_worker(inbox_seconds="1").await_ready()


@pytest.fixture
def start_bench(binary, settings):
    """Starts the program; whoever starts it waits for it."""

    def start_bench(*arguments, **environment):
        variables = {"PATH": os.environ["PATH"]} | settings | environment
        return subprocess.Popen(
            [binary, "bench", *arguments], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)  # fmt: skip

    return start_bench


@pytest.fixture
def bench(start_bench):
    """Runs the program; returns its status and output."""

    def bench(*arguments, **environment):
        process = start_bench(*arguments, **environment)
        try:
            output, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return process.returncode, output, errors

    return bench


def checked(text):
    """The report, once it has the form that its schema describes and its figures add up."""
    report = json.loads(text)
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    for phase in [report.get("echo"), *report["mixes"]]:
        if phase is None:
            continue
        for measured in [phase["total"], *phase["commands"].values()]:
            assert measured["sent"] == measured["succeeded"] + sum(measured["errors"].values()) + measured["timedOut"]
            latency = measured["latency"]
            assert latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p999"] <= latency["max"]
        for field in ("sent", "succeeded", "timedOut"):
            assert phase["total"][field] == sum(command[field] for command in phase["commands"].values())
    return report


@pytest.fixture
def left(redis_url, namespace):
    """Lists what is stored of sessions: their fields in aggregates, activity, deadlines. An aggregate without sessions stays for
    a while, with its revision and its subject."""
    with redis.Redis.from_url(redis_url) as store:

        def left():
            def keys(kind):
                return list(store.scan_iter(f"{namespace}:{{??}}:{kind}"))

            fields = [field for key in keys("a:*") for field in store.hkeys(key) if field not in (b"r", b"s")]
            return fields + keys("t:*") + keys("d")

        yield left


def test_a_run_measures_every_mix_and_leaves_nothing(worker, bench, left, tmp_path):
    report_file, plot_file = tmp_path / "report.json", tmp_path / "plot.svg"
    mixes = ["validate", "day", "login", "refresh", "revoke"]
    status, output, errors = bench(*SMALL, "--json", report_file, "--svg", plot_file, *mixes)
    assert (status, "measuring" in errors) == (0, True), errors
    report = checked(report_file.read_text(encoding="utf-8"))
    assert [mix["name"] for mix in report["mixes"]] == mixes
    assert report["echo"]["total"]["sent"] > 0
    for mix in report["mixes"]:
        assert mix["total"]["sent"] == mix["total"]["succeeded"] > 0
        assert mix["timesEcho"]["perSecond"] > 0
        assert mix["name"] in output
    assert set(report["mixes"][1]["commands"]) >= {"session.validate"}
    assert "ended early: every session was revoked" in output
    assert ElementTree.parse(plot_file).getroot().tag == "{http://www.w3.org/2000/svg}svg"

    assert report["sessions"]["left"] == 0
    wait_until(lambda: not left(), 30, "the sessions to be forgotten")


def test_the_processes_of_this_machine_are_found(worker, bench):
    status, output, errors = bench(*SMALL, "--json", "-", "--quiet", "validate")
    assert (status, errors) == (0, "")
    report = checked(output)
    # Other tests run workers with these servers as well. If one of them ends meanwhile, the workers' sum is unknown.
    assert worker.process.pid in report["processes"]["workers"]
    assert set(report["mixes"][0]["cpuMicroseconds"]) >= {"broker", "redis", "client"}


def test_the_processor_time_of_a_given_worker_is_reported(worker, bench):
    status, output, errors = bench(
        *SMALL, "--worker-pid", str(worker.process.pid), "--json", "-", "--quiet", "validate")  # fmt: skip
    assert (status, errors) == (0, "")
    report = checked(output)
    assert report["processes"]["workers"] == [worker.process.pid]
    assert set(report["mixes"][0]["cpuMicroseconds"]) == {"worker", "broker", "redis", "client"}


def test_a_fixed_rate_is_kept_and_measured_from_when_commands_were_due(worker, bench):
    status, output, errors = bench(*SMALL, "--rate", "200", "--json", "-", "validate")
    assert status == 0, errors
    report = checked(output)
    # The arrivals of a second: the schedule decides their number, not the pool.
    assert 195 <= report["mixes"][0]["total"]["sent"] <= 205
    assert "evenlyPaced" not in report["mixes"][0]["total"]


def test_ctrl_c_ends_a_run_with_what_was_measured_and_leaves_nothing(worker, start_bench, left, tmp_path):
    report_file = tmp_path / "report.json"
    process = start_bench(
        "--outstanding", "8", "--sessions", "40", "--seconds", "600", "--warm-up", "0", "--json", report_file, "day")
    try:
        for line in process.stderr:
            if "day: measuring" in line:
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    report = checked(report_file.read_text(encoding="utf-8"))
    assert report["interrupted"] is True
    assert [mix["name"] for mix in report["mixes"]] == ["day"]
    assert report["mixes"][0]["total"]["sent"] > 0 and report["mixes"][0]["seconds"] < 600
    assert report["mixes"][0]["endedEarly"] == "it was interrupted"
    assert report["sessions"]["created"] >= 40 and report["sessions"]["left"] == 0
    wait_until(lambda: not left(), 30, "the sessions to be forgotten")


def test_a_login_storm_ends_when_it_has_created_as_many_sessions_as_it_may(worker, bench):
    status, output, errors = bench(*SMALL, "--max-sessions", "41", "--json", "-", "validate", "login")
    report = checked(output)
    assert status == 0, errors
    assert report["mixes"][1]["endedEarly"] == "it created as many sessions as it may (41)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--outstanding", "0"), "--outstanding must be from 1 to 10000"),
        (("--rate", "100001"), "--rate must be from 1 to 100000"),
        (("--outstanding", "100", "--max-sessions", "199"), "at least twice --outstanding"),
        (("--worker-pid", "1000000000"), "no process 1000000000"),
        (("evening",), "evening"),
        (("--amqp-url", "amqp://broker.example"), "not on this machine"),
        (("--svg", "/nowhere/plot.svg"), "/nowhere/plot.svg: No such file or directory"),
        (("--json", "/"), "/: Is a directory"),
    ],
)
def test_wrong_usage_is_explained(bench, arguments, message):
    status, output, errors = bench(*arguments)
    assert (status, output) == (64, "")
    assert message in errors


def test_without_a_broker_it_says_so(bench):
    status, _, errors = bench("--quiet", SOJOURN_AMQP_URL=f"amqp://127.0.0.1:{free_port()}/")
    assert status == 69
    assert errors.startswith("sojourn: no connection to amqp://127.0.0.1:")


def test_in_a_namespace_without_workers_it_says_so_at_once(bench):
    status, _, errors = bench("--quiet", SOJOURN_NAMESPACE="nobody-here")
    assert status == 69
    assert "nobody-here" in errors and "worker" in errors
