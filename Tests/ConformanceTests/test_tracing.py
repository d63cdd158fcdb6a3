"""Traces of a real worker: what a collector receives, how it belongs together, and collectors that are away, slow or hostile."""

import re
import uuid

import pytest

from certificates import Authority
from collector import Collector, answer, attributes, endless, hang_up, stall
from proxy import free_port
from test_metrics import value
from workers import wait_until

SECONDS = 60
MANAGE = "process {}.commands.manage"


def context(flags="01", trace=None):
    """A caller's trace context, with a new trace id."""
    return f"00-{trace or uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-{flags}"


@pytest.fixture(scope="module")
def open_collector():
    collectors = []

    def open_collector(**options):
        collectors.append(Collector(**options))
        return collectors[-1]

    yield open_collector
    for collector in collectors:
        collector.close()


@pytest.fixture(scope="module")
def collector(open_collector):
    return open_collector()


@pytest.fixture(scope="module")
def worker(start_worker, collector):
    return start_worker(otlp_url=collector.url, traces_per_second="10000", lanes="1", log_level="debug").await_ready()


def send(client, command="session.create", parent=None, **body):
    """Sends a command within a trace; returns its reply, and the trace id."""
    parent = parent or context()
    reply = client.attempt(command, body or {"subject": uuid.uuid4().hex}, headers={"traceparent": parent, "tracestate": "v=1"})
    return reply, parent.split("-")[1]


# --- what is recorded --------------------------------------------------------------------------------------------


def test_a_commands_span_is_between_its_callers_and_its_results(client, collector, namespace, subject):
    parent = context()
    reply, trace = send(client, parent=parent, subject=subject)
    (span,) = collector.await_spans(MANAGE.format(namespace), trace=trace)
    assert span.parent_span_id.hex() == parent.split("-")[2]
    assert span.kind == span.SPAN_KIND_CONSUMER and span.status.code == span.status.STATUS_CODE_UNSET
    assert span.trace_state == "v=1"
    assert 0 < span.start_time_unix_nano < span.end_time_unix_nano
    told = attributes(span)
    assert told.pop("messaging.message.id") == reply.body["commandId"]
    assert told == {
        "messaging.system": "rabbitmq", "messaging.operation.name": "process", "messaging.operation.type": "process",
        "messaging.destination.name": f"{namespace}.commands.manage", "sojourn.command": "session.create",
        "sojourn.status": "succeeded"}
    own = f"00-{trace}-{span.span_id.hex()}-01"
    copy = client.await_copy(reply.body["commandId"])
    event = client.await_event(subject, "session.created")
    assert [each["traceparent"] for each in (reply.headers, copy.headers, event.body)] == [own] * 3
    assert reply.headers["tracestate"] == copy.headers["tracestate"] == "v=1"
    for name, kind in (("load", span.SPAN_KIND_CLIENT), ("commit", span.SPAN_KIND_CLIENT), ("publish", span.SPAN_KIND_PRODUCER)):
        (call,) = collector.await_spans(name, trace=trace)
        assert call.parent_span_id == span.span_id and call.kind == kind
        assert span.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
    assert attributes(collector.named("commit", trace)[0]) == {
        "db.system.name": "redis", "db.operation.name": "EVALSHA", "db.query.summary": "commit"}


def test_requests_are_what_the_protocol_requires(client, collector, namespace):
    send(client)
    collector.await_requests(1)
    path, headers, _ = collector.requests[0]
    assert path == "/v1/traces"
    assert headers["content-type"] == "application/json" and headers["user-agent"].startswith("sojourn/")


def test_calls_for_several_commands_link_to_all_of_them(client, collector, namespace):
    traces = set()
    for _ in range(300):
        parent = context()
        client.publish("session.create", {"subject": uuid.uuid4().hex}, headers={"traceparent": parent})
        traces.add(parent.split("-")[1])

    # The span of a command ends after those of its calls, and may follow in a later request.
    def command(parent, trace):
        return next(
            (each for each in collector.named(MANAGE.format(namespace)) if (each.span_id, each.trace_id) == (parent, trace)),
            None)

    call = wait_until(
        lambda: next((call for call in collector.named("commit") if call.links), None), SECONDS, "a commit with links")
    assert call.trace_id.hex() in traces
    assert attributes(call)["db.operation.batch.size"] >= 1 + len(call.links)
    wait_until(lambda: command(call.parent_span_id, call.trace_id), SECONDS, "the first command")
    for link in call.links:
        assert link.trace_id.hex() in traces - {call.trace_id.hex()}
        wait_until(lambda link=link: command(link.span_id, link.trace_id), SECONDS, "the command of a link")


def traces_of(spans):
    return {span.trace_id.hex() for span in spans}


def test_a_failure_is_an_error_of_its_span_and_its_log_line_names_both(client, collector, worker, namespace):
    reply, trace = send(client, subject="", policy="default")
    assert reply.status == "failed"
    (span,) = collector.await_spans(MANAGE.format(namespace), trace=trace)
    told = attributes(span)
    assert (told["error.type"], told["sojourn.code"]) == (reply.code, reply.code)
    assert span.status.code == span.status.STATUS_CODE_ERROR and not span.status.message
    worker.await_log(f"a command failed.*span_id={span.span_id.hex()} trace_id={trace}")


def test_a_rejection_is_no_error(client, collector, namespace):
    _, trace = send(client, subject="x", policy="nowhere")
    (span,) = collector.await_spans(MANAGE.format(namespace), trace=trace)
    told = attributes(span)
    assert (told["sojourn.status"], told["sojourn.code"]) == ("rejected", "policy_not_found")
    assert "error.type" not in told and span.status.code == span.status.STATUS_CODE_UNSET


def test_what_the_caller_does_not_sample_goes_on_as_it_came(client, collector, worker):
    for flags in ("00", "02"):
        parent = context(flags)
        reply, trace = send(client, parent=parent)
        assert reply.headers["traceparent"] == parent
    _, later = send(client)
    collector.await_spans("publish", trace=later)
    assert trace not in traces_of(collector.taken)


def test_a_command_without_a_trace_begins_one_only_if_the_ratio_says_so(client, elsewhere, collector, subject):
    assert "traceparent" not in client.call("session.create", {"subject": subject}).headers
    worker, other = elsewhere(otlp_url=collector.url, trace_ratio="1")
    reply = other.call("session.create", {"subject": subject})
    trace = reply.headers["traceparent"].split("-")[1]
    (span,) = collector.await_spans(MANAGE.format(worker.namespace), trace=trace)
    assert not span.parent_span_id
    assert other.await_event(subject, "session.created").body["traceparent"] == reply.headers["traceparent"]


def test_without_tracing_a_log_line_still_names_the_callers_trace(elsewhere):
    worker, other = elsewhere()
    parent = context()
    reply, trace = send(other, parent=parent, subject="")
    assert reply.headers["traceparent"] == parent
    worker.await_log(f"a command failed.* trace_id={trace}")
    assert "span_id=" not in worker.log


def test_sweeps_have_spans_of_their_own(elsewhere, collector, subject):
    _, other = elsewhere(otlp_url=collector.url, trace_ratio="1")
    other.create(subject, idleSeconds=1)
    other.await_event(subject, "session.expired")
    assert attributes(collector.await_spans("sweep reap")[0])["sojourn.partition"] in range(256)


# --- the end -----------------------------------------------------------------------------------------------------


def test_a_worker_that_stops_exports_the_last_spans(elsewhere, collector):
    worker, other = elsewhere(otlp_url=collector.url)
    _, trace = send(other)
    assert worker.stop() == 0
    assert collector.named("publish", trace) and collector.named(MANAGE.format(worker.namespace), trace)


# --- collectors as they are --------------------------------------------------------------------------------------


def tell_of(worker, name, **labels):
    wait_until(lambda: value(worker, name, **labels) > 0, SECONDS, f"{name} {labels}")


def test_a_collector_that_is_away_costs_nothing_but_spans(elsewhere, open_collector):
    port = free_port()
    worker, other = elsewhere(otlp_url=f"http://localhost:{port}")
    _, trace = send(other)
    tell_of(worker, "sojourn_trace_export_failures_total", reason="unreachable")
    worker.await_log(f"spans wait: the collector does not take them.*localhost:{port}")
    assert worker.get("/readyz") == 200
    collector = open_collector(port=port)
    collector.await_spans("publish", trace=trace)
    worker.await_log("spans are exported again")
    assert value(worker, "sojourn_trace_spans_exported_total") >= 4


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        (answer(429, retry_after="0"), "busy"),
        (answer(503), "busy"),
        (hang_up, "unreachable"),
        (endless(b"", b"rubbish " * 1000), "malformed"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"x-header: " + b"x" * 1000 + b"\r\n"), "malformed"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000), "malformed"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "malformed"),
    ],
    ids=["429", "503", "hangs-up", "rubbish", "endless-headers", "endless-body", "endless-informational"])
def test_what_was_not_taken_is_sent_again(elsewhere, open_collector, misbehave, reason):
    collector = open_collector()
    collector.answers.append(misbehave)
    worker, other = elsewhere(otlp_url=collector.url)
    _, trace = send(other)
    collector.await_spans("publish", trace=trace)
    assert value(worker, "sojourn_trace_export_failures_total", reason=reason) == 1
    assert value(worker, "sojourn_trace_spans_dropped_total") == 0


def test_what_is_refused_is_dropped_and_counted(elsewhere, open_collector):
    collector = open_collector()
    collector.answers.append(answer(401))
    worker, other = elsewhere(otlp_url=collector.url)
    _, refused = send(other)
    tell_of(worker, "sojourn_trace_spans_dropped_total", reason="refused")
    worker.await_log("spans were dropped.*401: check the headers")
    _, taken = send(other)
    collector.await_spans("publish", trace=taken)
    assert not collector.named("process", refused)


def test_spans_that_a_collector_rejects_are_counted(elsewhere, open_collector):
    collector = open_collector()
    collector.answers.append(answer(200, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}'))
    worker, other = elsewhere(otlp_url=collector.url)
    send(other)
    tell_of(worker, "sojourn_trace_spans_dropped_total", reason="rejected")
    assert value(worker, "sojourn_trace_spans_dropped_total", reason="rejected") == 2


def resident(worker):
    """In MiB."""
    with open(f"/proc/{worker.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // 1024


def test_a_collector_that_stalls_fills_no_memory_and_delays_no_command(elsewhere, open_collector):
    collector = open_collector()
    collector.answers += [stall(collector)] * 100
    worker, other = elsewhere(otlp_url=collector.url, traces_per_second="10000")
    send(other)
    collector.await_requests(1)
    before = resident(worker)
    count = 10_000
    for _ in range(count):
        other.publish("session.get", {"sessionId": "ses_unknown"}, headers={"traceparent": context()})
    other.wait(lambda: len(other.replies) > count, "all replies", seconds=120)
    tell_of(worker, "sojourn_trace_spans_dropped_total", reason="queue_full")
    assert worker.get("/readyz") == 200
    assert resident(worker) - before < 64


def test_a_flood_of_sampled_flags_is_recorded_at_the_limit(elsewhere, collector):
    worker, other = elsewhere(otlp_url=collector.url, traces_per_second="1")
    for _ in range(1000):
        other.publish("session.get", {"sessionId": "ses_unknown"}, headers={"traceparent": context()})
    other.wait(lambda: len(other.replies) == 1000, "all replies", seconds=60)
    recorded = 1000 - value(worker, "sojourn_trace_spans_dropped_total", reason="rate_limited")
    assert 1 <= recorded <= 60, "one a second, while they were answered"


# --- secrets -----------------------------------------------------------------------------------------------------


def test_headers_and_tls_protect_the_way(elsewhere, open_collector, tmp_path):
    authority = Authority(tmp_path / "authority")
    collector = open_collector(certificate=authority.issue("collector", ["localhost"]))
    headers = tmp_path / "headers"
    headers.write_text("authorization: Bearer hunter2hunter2\n")
    headers.chmod(0o600)
    worker, other = elsewhere(
        otlp_url=collector.url, otlp_ca_file=authority.file, otlp_headers_file=str(headers), log_level="trace")
    send(other)
    collector.await_spans("publish")
    assert collector.requests[0][1]["authorization"] == "Bearer hunter2hunter2"
    for text in (worker.log, worker.answer("/metrics").text, worker.answer("/status.json").text):
        assert "hunter2" not in text


def test_a_collector_that_nobody_vouches_for_gets_nothing(elsewhere, open_collector, tmp_path):
    collector = open_collector(certificate=Authority(tmp_path / "unknown").issue("collector", ["localhost"]))
    worker, other = elsewhere(otlp_url=collector.url)
    send(other)
    tell_of(worker, "sojourn_trace_export_failures_total", reason="unreachable")
    worker.await_log("spans wait.*there is no TLS with localhost.*not signed by a trusted authority")
    assert collector.requests == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"otlp_url": "http://u:hunter2@localhost"}, "SOJOURN_OTLP_URL.*no user or password"),
        ({"otlp_url": "grpc://hunter2"}, "SOJOURN_OTLP_URL is not usable.*http:// or https://"),
        ({"otlp_headers_file": "/nowhere"}, "SOJOURN_OTLP_HEADERS_FILE.*is given without SOJOURN_OTLP_URL"),
        ({"otlp_url": "http://localhost", "trace_ratio": "1.5"}, "SOJOURN_TRACE_RATIO.*from 0 to 1"),
        ({"otlp_url": "http://collector.example", "require_tls": "true"}, "SOJOURN_OTLP_URL.*has no TLS"),
        ({"otlp_url": "http://localhost", "otlp_headers_file": "/nowhere"}, "SOJOURN_OTLP_HEADERS_FILE /nowhere cannot be read"),
    ])
def test_settings_that_cannot_work_end_the_start_with_a_sentence(start_worker, given, sentence):
    worker = start_worker(**given)
    assert worker.exit_status() == 78
    assert re.search(sentence, worker.log), worker.log
    assert "hunter2" not in worker.log
