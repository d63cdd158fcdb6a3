"""The audit log of real workers: who did what to which session, chained, and never with a gap."""

import json
import os
import resource
import signal
import subprocess
from types import SimpleNamespace

import pytest

import audit_log
from contract_words import COMMANDS
from schemas_support import faults, load
from tour import POLICIES, Words, tour
from workers import wait_until

CONFIGURATION = 78


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("audit")


@pytest.fixture(scope="module")
def verify(binary, settings):
    """Runs `sojourn audit verify`; returns its exit status and what it says."""

    def verify(*arguments, content=None, namespace=None):
        environment = settings | ({"SOJOURN_NAMESPACE": namespace} if namespace else {})
        done = subprocess.run(
            [binary, "audit", "verify", "--json", *map(str, arguments)], input=content, capture_output=True, timeout=60,
            check=False, env=environment)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr.decode()

    return verify


@pytest.fixture
def run(start_worker, folder):
    """Starts a worker with an audit log that has this name; it is stopped when the test ends."""
    workers = []

    def run(name, audit="changes", **settings):
        path = folder / f"{name}.jsonl"
        workers.append(start_worker(audit=audit, audit_file=str(path), **settings).await_ready())
        return workers[-1], path

    yield run
    for worker in workers:
        if worker.running:
            assert worker.stop() == 0


@pytest.fixture
def client(toured, connect):
    return connect()


def records_of(path, kind="command", **values):
    """The records of a type that have these values, so far."""
    return [each for each in audit_log.read_torn(path) if each["type"] == kind and values.items() <= each.items()]


def await_records(path, kind="command", **values):
    return wait_until(lambda: records_of(path, kind, **values), 30, f"a record {kind} {values}")


@pytest.fixture(scope="module")
def toured(start_worker, connect, policy_file, folder, settings):
    """Everything once, and the records of it."""
    path = folder / "toured.jsonl"
    worker = start_worker(audit="all", audit_file=str(path), policy_file=policy_file(POLICIES)).await_ready()
    client = connect()
    tour(client, Words(subject="traveller", tenant="travels"))
    client.attempt("session.unheard", {})
    assert worker.stop() == 0
    key = audit_log.chain_key(settings["SOJOURN_KEYRING_FILE"], settings["SOJOURN_NAMESPACE"])
    return SimpleNamespace(client=client, path=path, records=audit_log.judge(key, path), key=key)


# --- what is recorded --------------------------------------------------------------------------------------------


def test_every_command_and_outcome_is_recorded(toured):
    commands = [each for each in toured.records if each["type"] == "command"]
    assert {each["command"] for each in commands} == {*COMMANDS, "unknown"}
    recorded = {each["commandId"]: each for each in commands}
    for result in toured.client.results:
        record = recorded[result.body["commandId"]]
        assert (record["command"], record["status"]) == (result.body["command"], result.body["status"])
        assert record.get("code") == result.body.get("error", {}).get("code")


def test_every_event_is_recorded(toured):
    recorded = {each["eventId"]: each for each in toured.records if each["type"] == "event"}
    assert {"session.expired", "session.evicted", "session.revoked"} <= {each["event"] for each in recorded.values()}
    for event in toured.client.events:
        record, data = recorded[event.body["id"]], event.body["data"]
        assert record["event"] == event.body["type"] and record["time"] == event.body["time"]
        for name in ("tenant", "subject", "sessionId", "reason", "actor"):
            assert record.get(name) == data.get(name), name


def test_every_record_is_as_its_schema_says(toured):
    for record in toured.records:
        assert not faults("audit.json", record), record
        assert set(record) <= set(load("audit.json")["$defs"][record["type"]]["properties"]), record


def test_what_happened_to_a_person_is_found(toured):
    """By the name, and for a refused token by its session, which belongs to the name in another record."""
    named = [each for each in toured.records if each.get("subject") == "traveller"]
    sessions = {each["sessionId"] for each in named if "sessionId" in each}
    refused = [each for each in toured.records if each.get("code") == "session_locked"]
    assert refused and {each["sessionId"] for each in refused} <= sessions
    assert any(each.get("actor") == "support-7" for each in named)


def test_the_log_says_when_a_worker_began_and_stopped(toured):
    actions = [each["action"] for each in toured.records if each["type"] == "log"]
    assert actions == ["begin", "end"] and toured.records[-1]["type"] == "log"
    assert len({each["worker"] for each in toured.records}) == 1


def test_caller_application_correlation_and_trace_are_recorded(run, client, toured):
    worker, path = run("origins")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    properties = {"app_id": "shop", "user_id": client.user, "headers": {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}}
    identity = client.publish("session.create", {"subject": "origin"}, message_id="origin-1", **properties)
    client.await_reply(identity)
    [record] = records_of(path, commandId="origin-1")
    expected = {"caller": client.user, "appId": "shop", "correlationId": identity, "traceId": trace, "subject": "origin"}
    assert expected.items() <= record.items()


def test_reads_are_recorded_only_on_request_but_every_forbidden_command(run, client, folder):
    callers = folder / "callers.json"
    callers.write_text(json.dumps({client.user: ["session.create", "session.validate"]}))
    _, path = run("changes", callers_file=str(callers))
    user = {"user_id": client.user}
    token = client.call("session.create", {"subject": "reader"}, **user).data["tokens"]["session"]
    client.call("session.validate", {"token": token}, **user)
    assert client.call("session.get", {"token": token}, **user).code == "not_permitted"
    found = [(each["command"], each["status"], each.get("code")) for each in records_of(path)]
    assert found == [
        ("session.create", "succeeded", None), ("session.get", "rejected", "not_permitted")]


def test_a_mass_revocation_is_recorded_as_a_command_and_as_the_end_of_each_session(run, client, toured):
    worker, path = run("mass")
    sessions = {client.create(f"crowd-{n}", tenant="crowd")["session"]["id"] for n in range(5)}
    client.do("session.revoke", tenant="crowd", all=True, reason="breach")
    [command] = records_of(path, command="session.revoke")
    assert command["allOfTenant"] and command["reason"] == "breach" and command["tenant"] == "crowd"
    wait_until(
        lambda: {each["sessionId"] for each in records_of(path, "event", event="session.revoked")} == sessions, 30,
        "the ends of the sessions")


def test_a_repeated_command_is_recorded_as_such(run, client, toured):
    worker, path = run("repeated")
    for _ in range(2):
        client.call("session.create", {"subject": "twice"}, message_id="twice-1")
        client.call("session.refresh", {"refreshToken": "sjr_no"}, message_id="twice-2")
    first, second = records_of(path, commandId="twice-1")
    assert "repeated" not in first and second["repeated"] and second["sessionId"] == first["sessionId"]
    first, second = records_of(path, commandId="twice-2")
    assert second["repeated"] and first["code"] == second["code"] == "token_invalid"


# --- nothing is lost ---------------------------------------------------------------------------------------------


class Full:
    """A worker whose files cannot grow any more, as on a full disk."""

    def __init__(self, worker, path):
        self.pid = worker.process.pid
        self.soft, self.hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (os.path.getsize(path) + 100, self.hard))

    def end(self):
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (self.soft, self.hard))


def fill(client, path, worker):
    """Makes the audit log longer than the worker's own log, which has the same limit."""
    while os.path.getsize(path) < 2 * os.path.getsize(worker.log_path) + 20_000:
        client.refused("session.lock", sessionId="x" * 100)


def test_while_the_disk_is_full_no_command_is_answered_and_none_is_forgotten(run, client, toured):
    worker, path = run("full")
    fill(client, path, worker)
    full = Full(worker, path)
    waiting = [client.publish("session.create", {"subject": f"full-{n}"}) for n in range(50)]
    worker.await_unready().await_log("audit log cannot be written to")
    reason = worker.answer("/readyz").json()["reasons"]["audit"]
    assert "SOJOURN_AUDIT_FILE" in reason and "cannot be written to (File too large): there must be room" in reason
    before = path.read_bytes()
    client.connection.process_data_events(time_limit=1)
    assert not any(client.replies[each] for each in waiting) and path.read_bytes() == before
    full.end()
    worker.await_ready().await_log("can be written to again")
    for each in waiting:
        client.await_reply(each)
    assert len({each["subject"] for each in records_of(path, command="session.create")}) == 50
    assert worker.stop() == 0
    audit_log.judge(toured.key, path)


def test_a_worker_that_is_killed_after_the_effect_leaves_a_record(run, client, toured, verify):
    """It stored the session, and could not record it."""
    worker, path = run("killed")
    fill(client, path, worker)
    Full(worker, path)
    reply = client.publish("session.create", {"subject": "killed"}, message_id="killed-1")
    worker.await_unready()
    worker.kill()
    assert not records_of(path, commandId="killed-1")
    worker, _ = run("killed")
    session = client.await_reply(reply).data["session"]["id"]
    [record] = records_of(path, commandId="killed-1")
    assert record["repeated"] and record["status"] == "succeeded" and record["sessionId"] == session
    # Its event was left in the outbox, and another worker's relay finds it.
    await_records(path, "event", event="session.created", sessionId=session)
    assert worker.stop() == 0
    status, found = verify(path)
    assert status == 0 and found["tornLines"] == 1, found
    assert [each["action"] for each in audit_log.read_torn(path) if each["type"] == "log"] == ["begin", "resume", "end"]


def test_a_worker_stops_in_time_although_the_disk_is_full(run, client):
    worker, path = run("stopped", drain_seconds="3")
    fill(client, path, worker)
    Full(worker, path)
    reply = client.publish("session.create", {"subject": "stopped"})
    worker.await_unready()
    worker.terminate()
    assert worker.exit_status() == 0
    run("restarted")
    client.await_reply(reply)


# --- one file, one worker ----------------------------------------------------------------------------------------


def test_two_workers_do_not_share_a_file(start_worker, folder, toured):
    path = folder / "shared.jsonl"
    first = start_worker(audit="changes", audit_file=str(path)).await_ready()
    second = start_worker(audit="changes", audit_file=str(path))
    assert second.exit_status() == CONFIGURATION
    assert "is the audit log of another worker that runs: give each worker a file of its own" in second.log
    assert first.stop() == 0


def test_the_next_worker_continues_the_chain(start_worker, folder, toured):
    path = folder / "continued.jsonl"
    for _ in range(2):
        start_worker(audit="changes", audit_file=str(path)).await_ready().stop()
    records = audit_log.judge(toured.key, path)
    assert [each["action"] for each in records] == ["begin", "end", "resume", "end"]
    assert len({each["worker"] for each in records}) == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_the_chain_goes_on_in_the_new_file(run, client, toured, verify):
    worker, path = run("rotated")
    rotated = path.with_suffix(".1")
    client.create("rotation-1")
    path.rename(rotated)
    client.create("rotation-2")
    assert records_of(rotated, subject="rotation-2"), "until it is told, it goes on in the file it has"
    worker.process.send_signal(signal.SIGHUP)
    worker.await_log("continues in a new file")
    client.create("rotation-3")
    assert records_of(path, subject="rotation-3")
    worker.stop()
    records = audit_log.judge(toured.key, rotated, path)
    assert audit_log.read(path)[0]["action"] == "rotate"
    assert verify(rotated, path)[0] == 0 and verify(path)[0] == 0
    assert verify(path, rotated)[1]["chains"] == 2, "in the wrong order they are two logs"
    last = records[len(audit_log.read(rotated)) - 1]["hash"]
    assert f"hash={last}" in worker.log, "the worker's own log says how the former file ends"


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda path: path.symlink_to("/dev/null"), "is a symbolic link"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: (path.touch(), path.chmod(0o644)), "may be changed or read by others"),
        (lambda path: os.mkfifo(path, 0o600), "is not a regular file"),
        (lambda path: (path.write_text("hello\n"), path.chmod(0o600)), "is no record of this keyring"),
    ],
    ids=["a link", "a directory", "readable by all", "a pipe", "another's content"],
)
def test_a_file_that_cannot_be_an_audit_log_stops_the_start(start_worker, folder, toured, request, prepare, sentence):
    path = folder / f"unusable {request.node.callspec.id}"
    prepare(path)
    worker = start_worker(audit="changes", audit_file=str(path))
    assert worker.exit_status() == CONFIGURATION
    assert sentence in worker.log and "SOJOURN_AUDIT_FILE" in worker.log


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"audit": "changes"}, "SOJOURN_AUDIT_FILE is not set: give the path of a file, since SOJOURN_AUDIT is changes"),
        ({"audit_file": "/tmp/x"}, "SOJOURN_AUDIT_FILE is given, but the audit log is off"),
    ],
)
def test_the_two_settings_belong_together(start_worker, given, sentence):
    worker = start_worker(**given)
    assert worker.exit_status() == CONFIGURATION and sentence in worker.log


# --- verifying ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines(toured):
    return toured.path.read_bytes().splitlines(keepends=True)


def change(line):
    return line.replace(b'"default"', b'"defaults"').replace(b'"travels"', b'"travelz"')


def change_hash(line):
    return line[:-4] + (b"1" if line[-4:-3] == b"0" else b"0") + line[-3:]


TAMPERING = {
    "a changed line": (lambda lines: [*lines[:4], change(lines[4]), *lines[5:]], 5, "changed"),
    "a changed hash": (lambda lines: [*lines[:4], change_hash(lines[4]), *lines[5:]], 5, "changed"),
    "a removed line": (lambda lines: [*lines[:4], *lines[5:]], 5, "removed"),
    "two removed lines": (lambda lines: [*lines[:4], *lines[6:]], 5, "removed"),
    "an inserted line": (lambda lines: [*lines[:4], b'{"version":1}\n', *lines[4:]], 5, "inserted"),
    "a repeated line": (lambda lines: [*lines[:4], lines[2], *lines[4:]], 5, "inserted"),
    "swapped lines": (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], 5, "outOfOrder"),
    "a line in pieces": (lambda lines: [*lines[:4], lines[4].replace(b",", b",\n", 1), *lines[5:]], 5, "changed"),
    "a changed first line": (lambda lines: [change(lines[0].replace(b"begin", b"beGin")), *lines[1:]], 1, "changed"),
    "a torn end": (lambda lines: [*lines[:-1], lines[-1][:-20]], -1, "truncated"),
    "an empty line": (lambda lines: [*lines[:4], b"\n", *lines[4:]], 5, "inserted"),
    "a very long line": (lambda lines: [*lines[:4], b"x" * 9_000_000 + b"\n", *lines[4:]], 5, "inserted"),
    "no UTF-8": (lambda lines: [*lines[:4], bytes(range(128, 256)) + b"\n", *lines[4:]], 5, "inserted"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_the_first_break_is_found_and_named(lines, verify, name):
    tamper, line, damage = TAMPERING[name]
    tampered = tamper(list(lines))
    assert tampered != lines
    status, found = verify("-", content=b"".join(tampered))
    line = len(lines) if line < 0 else line
    assert (status, found["break"]) == (1, {"file": "-", "line": line, "damage": damage})
    assert found["records"] == line - 1


def test_a_whole_log_is_found_whole_and_described(toured, verify, binary, settings):
    status, found = verify(toured.path)
    assert status == 0 and found["whole"] and found["records"] == len(toured.records) and found["chains"] == 1
    for place, record in (("first", toured.records[0]), ("last", toured.records[-1])):
        assert found[place] == {key: record[key] for key in ("time", "sequence", "hash")}
    command = [binary, "audit", "verify", toured.path]
    said = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60, check=True).stdout
    assert f"{len(toured.records)} records in 1 chain" in said and toured.records[-1]["hash"] in said


def test_a_missing_end_is_found_by_what_is_known_from_elsewhere(toured, lines, verify):
    last, middle = toured.records[-1]["hash"], toured.records[4]["hash"]
    whole, short = b"".join(lines), b"".join(lines[:4])
    assert verify("-", "--expect", middle, "--expect-last", last, content=whole)[0] == 0
    assert verify("-", content=short)[0] == 0, "no chain shows that its end is missing"
    for option, missing in (("--expect", middle), ("--expect-last", last)):
        status, found = verify("-", option, missing, content=short)
        assert (status, found["missing"]) == (1, [missing])
    assert verify("-", "--expect-last", middle, content=whole)[0] == 1


def test_another_keyring_or_namespace_verifies_nothing(toured, verify):
    status, found = verify(toured.path, namespace="another")
    assert (status, found["break"]["line"], found["break"]["damage"]) == (1, 1, "changed")


def test_what_cannot_be_read_is_no_verdict(verify, folder):
    status, said = verify(folder / "nowhere.jsonl")
    assert status == 64 and "No such file" in said
    assert verify("-", "--expect", "abc", content=b"")[0] == 64
