"""The command line, as used by a person and by a script."""

import json
import os
import stat
import subprocess

import pytest


@pytest.fixture
def sojourn(binary, settings):
    """Runs the program; returns its status and output."""

    def sojourn(*arguments, body=None, **environment):
        variables = {"PATH": os.environ["PATH"]} | settings | environment
        return subprocess.run(
            [binary, *arguments], env=variables, input=body, capture_output=True, text=True, timeout=60, check=False
        )

    return sojourn


def test_send_takes_fields_and_prints_the_reply_as_json(worker, sojourn, subject):
    done = sojourn(
        "send", "session.create", f"subject={subject}", "device.name=Firefox", "idleSeconds:=600",
        'attributes:={"a": [1, null]}', "--json",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    session = json.loads(done.stdout)["data"]["session"]
    assert session["subject"] == subject and session["device"] == {"name": "Firefox"}
    assert session["attributes"] == {"a": [1, None]}


def test_send_prints_readable_text_without_json(worker, sojourn, subject):
    done = sojourn("send", "session.create", f"subject={subject}")
    assert done.stdout.startswith("session.create succeeded\n")
    assert any(line.split() == ["session.subject", subject] for line in done.stdout.splitlines())


def test_send_reads_a_body_from_standard_input(worker, sojourn, subject):
    done = sojourn("send", "session.create", "--body", "-", "--json", body=json.dumps({"subject": subject}))
    assert json.loads(done.stdout)["data"]["session"]["subject"] == subject


def test_send_with_the_same_message_id_gives_the_same_reply(worker, sojourn, subject):
    arguments = ("send", "session.create", f"subject={subject}", "--message-id", f"once-{subject}", "--json")
    assert sojourn(*arguments).stdout == sojourn(*arguments).stdout


def test_an_invalid_token_exits_without_success(worker, sojourn, subject):
    created = json.loads(sojourn("send", "session.create", f"subject={subject}", "--json").stdout)["data"]
    good = sojourn("send", "session.validate", "--body", "-", body=json.dumps({"token": created["tokens"]["session"]}))
    assert good.returncode == 0 and good.stdout.startswith("session.validate succeeded\n")
    bad = sojourn("send", "session.validate", "token=nonsense")
    assert bad.returncode == 1
    assert "succeeded" not in bad.stdout and "not valid" in bad.stdout and "malformed" in bad.stdout
    assert sojourn("send", "session.validate", "token=nonsense", "--json").returncode == 1


def test_no_untrusted_text_controls_the_terminal(worker, sojourn, binary, settings, subject):
    evil = f"{subject}\x1b]0;title\x07\x1b[2J\u009b2J\u202e\nsession.create succeeded"
    watch = subprocess.Popen(
        [binary, "watch"], env={"PATH": os.environ["PATH"]} | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert watch.stderr.readline().startswith(b"watching")
        body = json.dumps({"subject": evil, "device": {"name": evil}, "attributes": {evil: evil}})
        text = sojourn("send", "session.create", "--body", "-", body=body).stdout
        as_json = sojourn("send", "session.create", "--body", "-", "--json", body=body).stdout
        event = watch.stdout.readline().decode()
    finally:
        watch.terminate()
        watch.communicate(timeout=20)
    wrong = sojourn("send", "session.create", evil).stderr
    for shown in (text, as_json, event, wrong):
        lines = shown.splitlines()
        assert lines and all(line.isprintable() for line in lines), shown
        assert "session.create succeeded" not in lines[1:], "a line was forged"
    assert json.loads(as_json)["data"]["session"]["subject"] == evil
    assert subject in event and "\\u001b]0;title\\u0007" in event


def test_watching_one_subject_of_a_tenant_or_one_session(worker, client, binary, settings, subject, tmp_path):
    (tmp_path / "subject").write_text(subject)
    session = client.create(subject, tenant="acme")["session"]["id"]
    watches = [
        subprocess.Popen(
            [binary, "watch", "--json", *arguments], env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        for arguments in (
            ("--subject-file", str(tmp_path / "subject")), ("--tenant", "acme", "--subject", subject),
            ("--session", session))]  # fmt: skip
    try:
        for watch in watches:
            assert watch.stderr.readline().startswith(b"watching")
        other = client.create(subject)["session"]["id"]
        client.create(f"{subject}-2", tenant="acme")
        client.do("session.lock", sessionId=session, tenant="acme")
        seen = [json.loads(watch.stdout.readline())["data"]["sessionId"] for watch in watches]
    finally:
        for watch in watches:
            watch.terminate()
            watch.communicate(timeout=20)
    assert seen == [other, session, session]
    both = subprocess.run([binary, "watch", "--subject", "a", "--subject-file", "b"], capture_output=True, timeout=60)
    assert both.returncode == 64


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("session.revokd", "did you mean session.revoked?"), ("sesion.*", "No event is called sesion.*"),
        ("session.*.*.*", "No event"), ("a b", "words of letters"),
    ],
)  # fmt: skip
def test_watching_for_an_unknown_event_is_refused(sojourn, pattern, words):
    done = sojourn("watch", pattern)
    assert done.returncode == 64 and words in done.stderr


def test_a_refusal_is_printed_and_exits_with_1(worker, sojourn):
    done = sojourn("send", "session.refresh", "refreshToken=nonsense", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "token_invalid"
    done = sojourn("send", "session.create", "subject=alice", "subjekt=alice")
    assert (done.returncode, done.stderr) == (1, "")
    assert "invalid_field" in done.stdout and "/subjekt" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("send", "session.create", "subject"), "key=text or key:=JSON"),
        (("send", "session.create", "a:={"), "not JSON"),
        (("send", "session.create", "a=1", "a.b=2"), "given twice"),
        (("send", "session.create", "a=1", "--body", "-"), "not both"),
        (("send", "session.create", "--timeout", "0"), "from 1 to 3600"),
        (("send", "session.create", "--body", "/no/such/file"), "No such file"),
        (("sned",), "sned"),
    ],
)
def test_wrong_usage_exits_with_64_and_says_what_is_right(sojourn, arguments, words):
    done = sojourn(*arguments, body="{}")
    assert done.returncode == 64
    assert done.stderr.startswith("sojourn: ") and words in done.stderr


def test_an_unreachable_broker_exits_with_69_and_is_named(sojourn):
    done = sojourn("send", "session.create", "subject=a", SOJOURN_AMQP_URL="amqp://who:secret@127.0.0.1:1/")
    assert done.returncode == 69
    assert "127.0.0.1:1" in done.stderr and "secret" not in done.stderr


def test_a_namespace_without_workers_is_recognised(sojourn):
    done = sojourn("send", "session.create", "subject=a", "--namespace", "nobody-here", "--timeout", "5")
    assert done.returncode == 69
    assert "namespace" in done.stderr


def test_a_keyring_is_created_once_and_readable_only_by_its_user(sojourn, tmp_path):
    path = tmp_path / "keyring.json"
    done = sojourn("keys", "init", str(path))
    assert done.returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = path.read_text()
    for key in json.loads(made)["keys"]:
        assert key["secret"] not in done.stdout
    again = sojourn("keys", "init", str(path))
    assert again.returncode != 0 and "exists" in again.stderr
    assert path.read_text() == made


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"version":2}', '{"version":1,"root":"short"}'])
def test_a_worker_does_not_start_with_a_bad_keyring(sojourn, tmp_path, content):
    path = tmp_path / "keyring.json"
    path.write_text(content)
    path.chmod(0o600)
    done = sojourn("worker", SOJOURN_KEYRING_FILE=str(path))
    assert done.returncode == 78
    assert str(path) in done.stderr


def test_a_worker_does_not_start_with_a_keyring_that_others_may_read(sojourn, tmp_path):
    path = tmp_path / "keyring.json"
    sojourn("keys", "init", str(path))
    path.chmod(0o644)
    done = sojourn("worker", SOJOURN_KEYRING_FILE=str(path))
    assert done.returncode == 78 and f"chmod 600 {path}" in done.stderr


def test_a_worker_does_not_start_without_keys(binary, settings):
    without = {key: value for key, value in settings.items() if key != "SOJOURN_KEYRING_FILE"}
    done = subprocess.run(
        [binary, "worker"], env=without, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 78 and "sojourn keys init" in done.stderr


def test_a_worker_does_not_start_with_a_bad_policy_file(sojourn, tmp_path):
    path = tmp_path / "policies.json"
    path.write_text('{"default": {"idleSeconds": 0}}')
    done = sojourn("worker", SOJOURN_POLICY_FILE=str(path))
    assert done.returncode == 78 and "/default/idleSeconds" in done.stderr


def test_a_worker_does_not_start_with_a_bad_callers_file(sojourn, tmp_path):
    path = tmp_path / "callers.json"
    path.write_text('{"shop": {"commands": ["session.val*"]}}')
    done = sojourn("worker", SOJOURN_CALLERS_FILE=str(path))
    assert done.returncode == 78
    assert f"SOJOURN_CALLERS_FILE {path}" in done.stderr and "/shop/commands/0" in done.stderr


def test_a_worker_with_another_keyring_does_not_consume(worker, sojourn, tmp_path):
    path = tmp_path / "keyring.json"
    sojourn("keys", "init", str(path))
    stranger = sojourn("worker", SOJOURN_KEYRING_FILE=str(path), SOJOURN_ADMIN_ADDRESS="127.0.0.1:0")
    assert stranger.returncode == 78
    assert "not the keyring used with this namespace" in stranger.stderr.splitlines()[-1]
    assert "the lane is consuming" not in stranger.stderr


def test_the_topology_is_what_the_worker_declares(worker, sojourn, settings):
    printed = json.loads(sojourn("topology").stdout)
    namespace = settings["SOJOURN_NAMESPACE"]
    assert {exchange["name"] for exchange in printed["exchanges"]} == {
        f"{namespace}.{name}" for name in ("commands", "unknown", "results", "events", "dead")
    }
    assert len(printed["queues"]) == 6 and all(queue["durable"] for queue in printed["queues"])
    kinds = {queue["name"].removeprefix(namespace): queue["arguments"].get("x-queue-type") for queue in printed["queues"]}
    assert kinds == {
        ".commands.validate": None, ".commands.unknown": None, ".commands.manage": "quorum",
        ".commands.revoke": "quorum", ".commands.admin": "quorum", ".quarantine": "quorum",
    }  # fmt: skip


def test_checking_the_topology_succeeds_if_it_exists(worker, start_worker):
    assert start_worker(topology="check").await_ready().stop() == 0


def test_checking_the_topology_reports_what_is_missing_and_exits(sojourn):
    done = sojourn("worker", SOJOURN_TOPOLOGY="check", SOJOURN_NAMESPACE="nobody-here", SOJOURN_ADMIN_ADDRESS="127.0.0.1:0")
    assert done.returncode == 78
    assert "nobody-here.commands.revoke" in done.stderr and "nobody-here.events" in done.stderr
    assert "sojourn topology" in done.stderr
