"""The metrics of a real worker: readable by Prometheus's own tools, documented, and bounded whatever callers send."""

import pathlib
import re
import subprocess
import uuid
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy import free_port
from tour import POLICIES, Words, tour
from workers import wait_until

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "metrics.md"


def families(worker):
    """The families of the page by name, as Prometheus reads them."""
    return {_name(family): family for family in text_string_to_metric_families(worker.answer("/metrics").text)}


def _name(family):
    # The parser strips what every counter's name ends with.
    return f"{family.name}_total" if family.type == "counter" else family.name


def series(worker):
    """All series, as name and labels, without what differs between scrapes."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families(worker).values()
        for sample in family.samples
    }


def value(worker, name, **labels):
    """The sum of a family's samples that have these labels."""
    found = [
        sample.value
        for family in families(worker).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert found, f"no sample {name} {labels}"
    return sum(found)


@pytest.fixture(scope="module")
def toured(start_worker, connect, policy_file, tmp_path_factory):
    """A worker that has executed every command."""
    audit = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    further = {"audit": "changes", "audit_file": str(audit), "otlp_url": f"http://127.0.0.1:{free_port()}"}
    worker = start_worker(policy_file=policy_file(POLICIES), lanes="2", **further).await_ready()
    client = connect()
    tour(client, Words(subject="traveller"))
    return SimpleNamespace(worker=worker, client=client)


# --- the page ----------------------------------------------------------------------------------------------------


def test_promtool_finds_nothing_wrong_with_the_page(toured):
    page = toured.worker.answer("/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page.content, capture_output=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout.decode(), checked.stderr.decode()) == (0, "", "")


def test_every_metric_is_documented_and_every_documented_one_exists(toured):
    """Prints the rows as they should be."""
    rows = [_row(name, family) for name, family in sorted(families(toured.worker).items())]
    documented = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert documented == rows, "docs/metrics.md should have:\n" + "\n".join(rows)


def _row(name, family):
    labels = {label for sample in family.samples for label in sample.labels} - {"le"}
    shown = ", ".join(f"`{label}`" for label in sorted(labels)) or "–"
    return f"| `{name}` | {family.type} | {shown} | {family.documentation} |"


def test_durations_have_buckets_from_50_microseconds_to_10_seconds(toured):
    for name, family in families(toured.worker).items():
        if family.type != "histogram" or not name.endswith("_seconds"):
            continue
        bounds = {float(sample.labels["le"]) for sample in family.samples if sample.name == f"{name}_bucket"}
        assert min(bounds) == 0.00005 and sorted(bounds)[-2:] == [10, float("inf")], name


# --- what it counts ----------------------------------------------------------------------------------------------


def test_commands_are_counted_and_timed_by_name(elsewhere, subject):
    worker, client = elsewhere()
    token = client.create(subject)["tokens"]["session"]
    for _ in range(3):
        client.do("session.validate", token=token)
    client.refused("session.create", subject=subject, policy="nowhere")
    wait_until(
        lambda: value(worker, "sojourn_command_answer_seconds_count", command="session.create") == 2, 10, "2 answers")
    assert value(worker, "sojourn_commands_total", command="session.validate", status="succeeded") == 3
    assert value(worker, "sojourn_commands_total", command="session.create", status="rejected") == 1
    for name in ("process", "answer"):
        assert value(worker, f"sojourn_command_{name}_seconds_count", command="session.validate") == 3
        assert value(worker, f"sojourn_command_{name}_seconds_sum", command="session.validate") > 0
    queue = f"{worker.namespace}.commands.validate"
    assert value(worker, "messaging_process_duration_seconds_count", messaging_destination_name=queue) == 3
    assert value(worker, "messaging_client_operation_duration_seconds_count") > 0
    assert value(worker, "sojourn_confirm_seconds_count") > 0
    assert value(worker, "sojourn_redis_round_trip_seconds_count") > 0


def test_sessions_that_begin_and_end_are_counted_with_their_reason(elsewhere, subject):
    worker, client = elsewhere()
    first = client.create(subject)["session"]["id"]
    second = client.create(subject)["session"]["id"]
    client.do("session.revoke", sessionId=first)
    client.do("session.revoke", sessionId=second, reason="a_reason_of_the_callers_own")
    assert value(worker, "sojourn_sessions_begun_total") == 2
    assert value(worker, "sojourn_sessions_ended_total") == 2
    assert value(worker, "sojourn_sessions_ended_total", reason="revoked") == 1
    assert value(worker, "sojourn_sessions_ended_total", reason="other") == 1
    assert value(worker, "sojourn_events_total", type="session.revoked") == 2
    wait_until(lambda: value(worker, "sojourn_events_published_total") == 4, 10, "all events to be confirmed")


def test_a_session_that_expires_is_counted(elsewhere, subject):
    worker, client = elsewhere()
    client.create(subject, idleSeconds=1)
    client.await_event(subject, "session.expired")
    assert value(worker, "sojourn_sessions_ended_total", reason="expired_idle") == 1
    wait_until(lambda: value(worker, "sojourn_deadlines_total") == 1, 10, "the deadline to be counted")


def test_a_command_that_is_decided_again_is_one_session(elsewhere, subject):
    """Workers that create sessions of one subject at the same time run into each other; each session counts once."""
    worker, client = elsewhere(lanes="4")
    waiting = [client.publish("session.create", {"subject": subject}) for _ in range(40)]
    for each in waiting:
        assert client.await_reply(each).status == "succeeded"
    begun = value(worker, "sojourn_sessions_begun_total")
    assert begun == value(worker, "sojourn_events_total", type="session.created") == 40


def test_what_goes_to_quarantine_is_counted_and_seen_in_its_queue(elsewhere, subject):
    worker, client = elsewhere()
    client.attempt("session.create", b"{")
    client.attempt("session.fly", {"subject": subject})
    assert value(worker, "sojourn_quarantined_total", reason="malformed_message") == 1
    assert value(worker, "sojourn_quarantined_total", reason="unknown_command") == 1
    assert value(worker, "sojourn_commands_total", command="unknown", code="unknown_command") == 1


# --- what it shows -----------------------------------------------------------------------------------------------


def test_gauges_show_that_all_is_well(toured):
    worker = toured.worker
    version = subprocess.run(
        [worker.process.args[0], "--version"], capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    assert value(worker, "sojourn_build_info", version=version) == 1
    assert value(worker, "sojourn_ready") == 1
    for part in ("lane-0", "lane-1", "revocations", "sweep"):
        assert value(worker, "sojourn_connection_up", server="redis", part=part) == 1
        assert value(worker, "sojourn_connection_up", server="rabbitmq", part=part) == 1
    assert value(worker, "sojourn_unacknowledged_deliveries") == 0
    assert value(worker, "sojourn_keyring_keys") == 1
    assert value(worker, "process_resident_memory_bytes") > 1 << 20
    assert value(worker, "process_cpu_seconds_total") > 0
    assert 10 < value(worker, "process_open_fds") < value(worker, "process_max_fds")
    started = pathlib.Path(f"/proc/{worker.process.pid}").stat().st_mtime
    assert abs(value(worker, "process_start_time_seconds") - started) < 60


def test_queues_and_the_outbox_are_measured(toured):
    worker = toured.worker
    manage = f"{worker.namespace}.commands.manage"
    wait_until(lambda: value(worker, "sojourn_queue_consumers", queue=manage) == 2, 20, "both lanes to be seen")
    wait_until(lambda: value(worker, "sojourn_outbox_events") == 0, 20, "the outbox to be empty")
    assert value(worker, "sojourn_outbox_oldest_event_age_seconds") == 0
    assert value(worker, "sojourn_queue_ready_messages", queue=manage) == 0


def test_losing_a_server_is_seen_and_so_is_its_return(start_worker, open_proxy, redis_url, namespace):
    proxy, url = open_proxy(redis_url)
    proxy.restore()
    worker = start_worker(redis_url=url, namespace=f"{namespace}-metrics-lost").await_ready()
    proxy.cut()
    wait_until(lambda: value(worker, "sojourn_ready") == 0, 30, "the worker to be not ready")
    wait_until(lambda: value(worker, "sojourn_connection_up", server="redis") == 0, 30, "all connections to be lost")
    assert value(worker, "sojourn_component_up", component="redis") == 0
    assert value(worker, "sojourn_component_up", component="rabbitmq") == 1
    proxy.restore()
    worker.await_ready()
    wait_until(lambda: value(worker, "sojourn_ready") == 1, 30, "the worker to be ready")
    assert value(worker, "sojourn_reconnects_total", server="redis", part="lane-0") >= 1


def test_a_file_that_cannot_be_used_is_seen(start_worker, namespace, tmp_path):
    file = tmp_path / "policies.json"
    file.write_text("{}")
    worker = start_worker(policy_file=str(file), namespace=f"{namespace}-metrics-file").await_ready()
    file.write_text("{")
    wait_until(lambda: value(worker, "sojourn_watched_source_valid", source="policy file") == 0, 20, "the file")
    file.write_text('{"short": {"idleSeconds": 60}}')
    wait_until(lambda: value(worker, "sojourn_watched_source_valid", source="policy file") == 1, 20, "the file")
    assert value(worker, "sojourn_watched_reloads_total", source="policy file", outcome="applied") == 1
    assert value(worker, "sojourn_watched_reloads_total", source="policy file", outcome="refused") == 1


# --- what callers cannot do --------------------------------------------------------------------------------------


def test_callers_cannot_add_series(toured):
    """Unknown commands, tenants, subjects, reasons, ids and addresses of their choice."""
    worker, client = toured.worker, toured.client

    def flood(count):
        for _ in range(count):
            name = uuid.uuid4().hex
            tenant = f"tenant-{name}"
            client.attempt(f"session.{name}", {"subject": name, "tenant": tenant})
            session = client.do("session.create", subject=name, tenant=tenant, device={"id": name})["session"]["id"]
            client.do("session.revoke", sessionId=session, tenant=tenant, reason=f"r_{name}")
            client.refused("session.create", subject=name, tenant=tenant, policy=name)

    flood(1)
    before = series(worker)
    flood(20)
    assert series(worker) - before == set()
    assert not re.search("tenant-|r_[0-9a-f]{32}", worker.answer("/metrics").text)
