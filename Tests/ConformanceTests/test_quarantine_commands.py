"""`sojourn quarantine replay` and `drop`, as an operator uses them: nothing is lost, and nothing happens twice."""

import json
import os
import pty
import signal
import subprocess
import time
import uuid
from datetime import datetime, timedelta, timezone

import pika
import pytest
import redis

from brokers import Broker
from client import Client
from workers import wait_until


@pytest.fixture(scope="module")
def client(worker, connect):
    client = connect()
    # So that what is in quarantine stays there.
    client.channel.basic_cancel(client.channel.consumer_tags[-1])
    return client


@pytest.fixture(autouse=True)
def empty(client):
    yield
    client.channel.queue_purge(f"{client.namespace}.quarantine")


@pytest.fixture
def command(binary, settings):
    """The command line and environment of `sojourn quarantine …`; a setting that is None is left out."""

    def command(*arguments, **further):
        environment = {"PATH": os.environ["PATH"]} | settings
        environment |= {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        environment = {name: value for name, value in environment.items() if value is not None}
        return [binary, "quarantine", *arguments], environment

    return command


@pytest.fixture
def sojourn(command):
    """Runs `sojourn quarantine …`."""

    def sojourn(*arguments, **further):
        words, environment = command(*arguments, **further)
        return subprocess.run(
            words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    return sojourn


@pytest.fixture
def begin(command):
    """Starts `sojourn quarantine …`."""
    started = []

    def begin(*arguments, **further):
        words, environment = command(*arguments, **further)
        started.append(subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def paused(worker):
    """The worker takes commands, and does nothing with them, until it is told to go on."""
    worker.process.send_signal(signal.SIGSTOP)
    yield lambda: worker.process.send_signal(signal.SIGCONT)
    worker.process.send_signal(signal.SIGCONT)


def quarantine(client, command, body, *, message_id=None, reason="invalid_field", headers=(), **properties):
    """Puts a message into quarantine as a worker of another version would; returns its id there."""
    quarantine_id = f"res_{uuid.uuid4().hex[:12]}-1"
    given = {"x-sojourn-id": quarantine_id, "x-sojourn-at": "2026-11-20T22:00:00.000Z", "x-sojourn-attempts": 1,
             "x-sojourn-error": "/x is unknown", "x-sojourn-queue": "q"}  # fmt: skip
    put(client, command, body, headers=given | ({"x-sojourn-reason": reason} if reason else {}) | dict(headers),
        message_id=message_id or str(uuid.uuid4()), **properties)  # fmt: skip
    return quarantine_id


def put(client, command, body, **properties):
    with_confirms = client.connection.channel()
    with_confirms.confirm_delivery()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with_confirms.basic_publish(
        f"{client.namespace}.dead", command, raw,
        pika.BasicProperties(content_type="application/json", **properties), mandatory=True)  # fmt: skip
    with_confirms.close()


def kept(client):
    return client.channel.queue_declare(f"{client.namespace}.quarantine", passive=True).method.message_count


def await_kept(client, count):
    """What a process held that ended returns to the queue soon."""
    wait_until(lambda: kept(client) == count, 20, f"{count} messages in quarantine")


def subjects_sessions(client, subject):
    return client.do("session.list", subject=subject, includeEnded=True)["sessions"]


# --- replay ------------------------------------------------------------------------------------------------------


def test_a_command_that_failed_over_a_damaged_record_is_carried_out_once_that_is_repaired(
    client, sojourn, subject, redis_url, namespace
):
    with redis.Redis.from_url(redis_url) as store:
        before = set(store.scan_iter(match=f"{namespace}:*:a:*", count=1000))
        client.create(subject)
        (key,) = set(store.scan_iter(match=f"{namespace}:*:a:*", count=1000)) - before
        raw = store.hget(key, "s")
        store.hset(key, "s", b"damaged")
        message_id = str(uuid.uuid4())
        reply = client.call("session.create", {"subject": subject}, message_id=message_id)
        assert reply.code == "internal"
        quarantined = reply.properties.message_id
        wait_until(lambda: kept(client) == 1, 20, "the message in quarantine")
        shown = sojourn("show", quarantined, "--json")
        headers = json.loads(shown.stdout)["headers"]
        assert headers["x-sojourn-worker"] and headers["x-sojourn-attempts"] == 1
        assert headers["x-sojourn-received-at"] <= headers["x-sojourn-at"]
        assert key.decode() in headers["x-sojourn-error"], "an operator is told which record it is"
        assert key.decode() not in json.dumps(reply.body), "and nobody else"
        again = sojourn("replay", quarantined)
        assert again.returncode == 1 and "failed again: internal" in again.stdout
        await_kept(client, 1)
        store.hset(key, "s", raw)
    (line,) = sojourn("list", "--json").stdout.splitlines()
    quarantined = json.loads(line)["id"]
    done = sojourn("replay", quarantined)
    assert (done.returncode, done.stdout) == (0, f"{quarantined}  session.create  succeeded\n")
    await_kept(client, 0)
    assert len(subjects_sessions(client, subject)) == 2
    # Its sender learns of it by asking again.
    late = client.call("session.create", {"subject": subject}, message_id=message_id, user_id=None)
    assert late.data["tokens"]["session"] and len(subjects_sessions(client, subject)) == 2


def test_a_replay_that_is_killed_is_lost_neither_by_the_queue_nor_done_twice(client, paused, begin, sojourn, subject):
    quarantined = quarantine(client, "session.create", {"subject": subject})
    process = begin("replay", quarantined)
    queue = f"{client.namespace}.commands.manage"
    # The paused worker has it, unacknowledged, or it waits.
    wait_until(lambda: kept(client) == 0, 20, "the message to be read")
    time_of_sending(client, queue, process)
    process.kill()
    process.wait()
    await_kept(client, 1)
    paused()
    client.await_event(subject, "session.created")
    done = sojourn("replay", quarantined)
    assert done.returncode == 0 and "succeeded" in done.stdout
    assert len(subjects_sessions(client, subject)) == 1
    await_kept(client, 0)
    assert client.final_kinds(subject) == ["session.created"]


def time_of_sending(client, queue, process):
    """Until the worker, which is paused, has been sent the command: its queue has no message that is ready, and one
    consumer; then the process only waits for the answer."""
    assert process.poll() is None
    client.wait(lambda: client.channel.queue_declare(queue, passive=True).method.message_count == 0, "it to be sent")
    # A command of our own behind it on the same exchange shows that the broker has routed what was published before.
    client.connection.process_data_events(time_limit=1)


def test_ctrl_c_ends_a_replay_after_the_present_message(client, paused, begin, subject):
    for number in range(3):
        quarantine(client, "session.create", {"subject": f"{subject}-{number}"})
    process = begin("replay", "--all", "--yes")
    wait_until(lambda: kept(client) == 0, 20, "the messages to be read")
    time_of_sending(client, f"{client.namespace}.commands.manage", process)
    process.send_signal(signal.SIGINT)
    paused()
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130 and stdout.count("succeeded") == 1, stderr
    assert "1 succeeded" in stderr
    await_kept(client, 2)
    made = [subjects_sessions(client, f"{subject}-{number}") for number in range(3)]
    assert [len(each) for each in made] == [1, 0, 0]


def test_a_broker_that_goes_away_in_the_middle_loses_nothing(client, worker, paused, begin, sojourn, open_proxy, amqp_url, subject):
    proxy, url = open_proxy(amqp_url)
    proxy.restore()
    quarantined = quarantine(client, "session.create", {"subject": subject})
    process = begin("replay", quarantined, amqp_url=url)
    wait_until(lambda: kept(client) == 0, 20, "the message to be read")
    proxy.cut()
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 69 and stderr.startswith("sojourn: "), stderr
    await_kept(client, 1)
    paused()
    assert sojourn("replay", quarantined).returncode == 0
    assert len(subjects_sessions(client, subject)) == 1
    await_kept(client, 0)


def test_without_an_answer_the_message_stays(client, paused, sojourn, subject):
    first = quarantine(client, "session.create", {"subject": subject})
    quarantine(client, "session.create", {"subject": subject})
    done = sojourn("replay", "--all", "--yes", "--timeout", "1")
    assert done.returncode == 69 and "is a worker running" in done.stderr and "stays in quarantine" in done.stderr
    await_kept(client, 2)
    paused()
    assert sojourn("replay", first).returncode == 0
    assert len(subjects_sessions(client, subject)) == 1


def test_credentials_need_the_keyring_and_are_never_printed(client, sojourn, settings, subject):
    token = client.create(subject)["tokens"]["session"]
    # Sealed by the worker, because of the misspelt key beside it, which the operator's own command then does not have.
    reply = client.attempt("session.validate", {"token": token, "zzz": 1})
    assert reply.code == "invalid_field"
    wait_until(lambda: kept(client) == 1, 20, "the message in quarantine")
    quarantined = reply.properties.message_id
    locked = sojourn("replay", quarantined, keyring_file=None)
    assert locked.returncode == 1 and "sealed (1)" in locked.stdout and "--keyring-file" in locked.stdout
    await_kept(client, 1)
    done = sojourn("replay", quarantined, "--json")
    assert token not in done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["outcome"], outcome["code"]) == ("failedAgain", "invalid_field"), "it was read, so it was whole"
    await_kept(client, 1)
    shown = sojourn("show", outcome["quarantinedAs"])
    assert shown.returncode == 0 and token not in shown.stdout and "--reveal opens them" in shown.stderr
    revealed = sojourn("show", outcome["quarantinedAs"], "--reveal", "--json")
    assert json.loads(json.loads(revealed.stdout)["body"]) == {"token": token, "zzz": 1}


def test_what_a_rule_forbids_is_settled(client, sojourn, subject):
    client.do("subject.disable", subject=subject)
    quarantined = quarantine(client, "session.create", {"subject": subject})
    done = sojourn("replay", quarantined, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["outcome"] == "rejected" and json.loads(done.stdout)["code"] == "subject_disabled"
    await_kept(client, 0)


def test_a_message_id_that_was_used_for_something_else_keeps_the_message(client, sojourn, subject):
    message_id = str(uuid.uuid4())
    client.call("session.create", {"subject": subject}, message_id=message_id)
    quarantined = quarantine(client, "session.create", {"subject": f"{subject}-other"}, message_id=message_id)
    done = sojourn("replay", quarantined)
    assert done.returncode == 1 and "message_id_reused" in done.stdout
    assert subjects_sessions(client, f"{subject}-other") == []
    await_kept(client, 1)


def test_the_same_message_that_its_sender_sent_again_has_one_effect(client, sojourn, subject):
    message_id = str(uuid.uuid4())
    quarantined = quarantine(client, "session.create", {"subject": subject}, message_id=message_id)
    client.call("session.create", {"subject": subject}, message_id=message_id)
    assert sojourn("replay", quarantined).returncode == 0
    assert len(subjects_sessions(client, subject)) == 1


def test_a_message_that_quarantine_has_twice_is_sent_once(client, sojourn, subject):
    quarantined = quarantine(client, "session.validate", {"token": "x"})
    headers = {"x-sojourn-id": quarantined, "x-sojourn-reason": "invalid_field", "x-sojourn-routing-key": "session.validate"}
    put(client, f"{client.namespace}.quarantine", {"token": "x"}, headers=headers)
    done = sojourn("replay", quarantined)
    assert done.returncode == 0 and done.stdout.count("succeeded") == 1 and done.stdout.count("was a copy") == 1
    await_kept(client, 0)


def test_an_expired_deadline_needs_a_word(client, sojourn, subject):
    past = int((time.time() - 60) * 1000)
    quarantined = quarantine(client, "session.create", {"subject": subject}, headers={"deadline": past})
    done = sojourn("replay", quarantined)
    assert done.returncode == 1 and "its deadline has passed" in done.stdout and "--ignore-deadline" in done.stdout
    await_kept(client, 1)
    assert sojourn("replay", quarantined, "--ignore-deadline").returncode == 0
    assert len(subjects_sessions(client, subject)) == 1


@pytest.mark.parametrize("attempts", [1, 20])
def test_what_may_have_had_an_effect_that_workers_have_forgotten_needs_a_word(client, sojourn, subject, attempts):
    hours = 2 if attempts == 1 else 0
    received = (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat(timespec="milliseconds")
    quarantined = quarantine(
        client, "session.create", {"subject": subject}, reason="internal",
        headers={"x-sojourn-received-at": received, "x-sojourn-attempts": attempts})  # fmt: skip
    done = sojourn("replay", quarantined)
    assert done.returncode == 1 and "--may-repeat" in done.stdout
    assert subjects_sessions(client, subject) == []
    await_kept(client, 1)
    assert sojourn("replay", quarantined, "--may-repeat").returncode == 0
    assert len(subjects_sessions(client, subject)) == 1


def test_what_was_truncated_or_is_unknown_stays(client, sojourn):
    quarantine(client, "session.create", b"{}", reason="message_too_large", headers={"x-sojourn-truncated": 5000})
    quarantine(client, "no.such.command", {}, reason="unknown_command")
    done = sojourn("replay", "--all", "--yes")
    assert done.returncode == 1
    await_kept(client, 2)
    assert "2 of its 5000 bytes" in done.stdout and "knows no command" in done.stdout
    assert "2 still in quarantine" in done.stderr


def test_what_rabbitmq_dead_lettered_itself_can_be_shown_and_replayed(client, sojourn, subject):
    token = client.create(subject)["tokens"]["session"]
    put(client, "session.validate", {"token": token}, message_id=token, headers={"x-first-death-reason": "delivery_limit"})
    (line,) = sojourn("list", "--json").stdout.splitlines()
    message = json.loads(line)
    assert message["reason"] == "delivery_limit" and token not in line
    shown = sojourn("show", message["id"])
    assert shown.returncode == 0 and token not in shown.stdout and "(hidden)" in shown.stdout
    assert token in sojourn("show", message["id"], "--reveal").stdout
    assert "succeeded" in sojourn("replay", message["id"]).stdout
    await_kept(client, 0)


def test_filters_and_a_limit_choose_what_is_replayed(client, sojourn, subject):
    for number in range(3):
        quarantine(client, "session.create", {"subject": f"{subject}-{number}"})
    quarantine(client, "session.validate", {"token": "x"})
    quarantine(client, "session.create", {"subject": subject}, reason="malformed_message")
    listed = sojourn("list", "--json", "--reason", "invalid_field", "--command", "*.create").stdout
    assert len(listed.splitlines()) == 3
    assert "none of 5 messages" in sojourn("list", "--reason", "internal").stderr
    done = sojourn("replay", "--reason", "invalid_field", "--command", "session.create", "--limit", "2", "--yes")
    assert done.returncode == 0 and "2 succeeded" in done.stderr
    await_kept(client, 3)
    assert [len(subjects_sessions(client, f"{subject}-{number}")) for number in range(3)] == [1, 1, 0], "oldest first"


def test_more_messages_than_a_consumer_holds_are_read_past_those_that_stay(client, sojourn):
    for _ in range(150):
        quarantine(client, "no.such.command", {}, reason="unknown_command")
    last = quarantine(client, "session.validate", {"token": "x"})
    done = sojourn("replay", last)
    assert done.returncode == 0 and "succeeded" in done.stdout
    await_kept(client, 150)
    listed = sojourn("list", "--limit", "149")
    assert len(listed.stdout.splitlines()) == 149 and "149 of 150 messages" in listed.stderr
    await_kept(client, 150)
    dropped = sojourn("drop", "--all", "--yes")
    assert dropped.returncode == 0 and "150 dropped" in dropped.stderr
    await_kept(client, 0)


# --- drop --------------------------------------------------------------------------------------------------------


def test_dropping_removes_what_was_named_and_nothing_else(client, sojourn):
    first, second = [quarantine(client, "session.create", {"subject": "x"}) for _ in range(2)]
    done = sojourn("drop", first, "res_none-1")
    assert done.returncode == 1 and "no message res_none-1" in done.stderr
    assert done.stdout == f"{first}  session.create  dropped\n"
    (line,) = sojourn("list", "--json").stdout.splitlines()
    assert json.loads(line)["id"] == second


def test_what_was_dropped_does_not_come_back(client, sojourn):
    """RabbitMQ keeps acknowledgements back while a quorum queue is busy, and forgets them if the channel is closed."""
    channel = client.connection.channel()
    channel.confirm_delivery()
    for round in range(4):
        for number in range(300):
            headers = {"x-sojourn-id": f"res_{round}-{number}", "x-sojourn-reason": "internal"}
            channel.basic_publish(f"{client.namespace}.dead", "x", b"{}", pika.BasicProperties(headers=headers), mandatory=True)
        assert "300 dropped" in sojourn("drop", "--all", "--yes").stderr
        # A look through the queue comes behind everything that returned to it.
        assert sojourn("list").stderr == "the quarantine is empty\n"
    channel.close()


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_a_person_is_asked_first(client, command, verb):
    quarantine(client, "session.validate", {"token": "x"})
    for answer, left in ((b"n\n", 1), (b"y\n", 0)):
        words, environment = command(verb, "--all")
        terminal, end = pty.openpty()
        process = subprocess.Popen(words, env=environment, stdin=end, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(end)
        os.write(terminal, answer)
        _, stderr = process.communicate(timeout=30)
        os.close(terminal)
        assert process.returncode == 0 and b"1 messages? [y/N]" in stderr
        await_kept(client, left)


# --- what may go wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_wrong_usage_is_told_and_does_nothing(client, sojourn, verb):
    quarantine(client, "session.validate", {"token": "x"})
    for arguments, words in [
        ((verb,), "Say which messages"), ((verb, "x", "--all"), "not both"), ((verb, "--all"), "--yes"),
        ((verb, "--command", "a b"), "words of letters"), ((verb, "--all", "--limit", "0"), "at least 1"),
    ]:  # fmt: skip
        done = sojourn(*arguments)
        assert done.returncode == 64 and words in done.stderr, done.stderr
    await_kept(client, 1)


def test_an_empty_quarantine_is_no_failure(client, sojourn):
    assert sojourn("list").stderr == "the quarantine is empty\n"
    for verb in ("replay", "drop"):
        done = sojourn(verb, "--all")
        assert (done.returncode, done.stdout) == (0, "") and "no message in quarantine matches" in done.stderr
        assert sojourn(verb, "--all", "--yes").returncode == 0


@pytest.mark.parametrize("arguments", [("list",), ("show", "x"), ("replay", "x"), ("drop", "x")])
def test_an_unreachable_broker_and_a_missing_namespace_are_told(client, sojourn, arguments):
    done = sojourn(*arguments, amqp_url="amqp://guest:guest@127.0.0.1:1/")
    assert done.returncode == 69 and "127.0.0.1:1" in done.stderr
    done = sojourn(*arguments, namespace="no-such-namespace")
    assert done.returncode == 69 and "no worker has run in it yet" in done.stderr


@pytest.fixture(scope="module")
def private_broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("broker"))
    for user, write in (("operator", ".*"), ("reader", "")):
        broker.control("add_user", user, "secret")
        broker.control("set_permissions", user, "", write, ".*")
    broker.control("add_user", "stranger", "secret")
    broker.control("set_permissions", "stranger", "", "", "")
    yield broker
    broker.stop()


def test_missing_permissions_and_other_senders_are_told(private_broker, start_worker, sojourn, subject):
    worker = start_worker(amqp_url=private_broker.url).await_ready()
    client = Client(private_broker.url, worker.namespace)
    client.channel.basic_cancel(client.channel.consumer_tags[-1])
    as_user = {user: private_broker.url.replace("guest:guest", f"{user}:secret") for user in ("operator", "reader", "stranger")}
    quarantined = quarantine(
        client, "session.create", {"subject": subject}, headers={"x-sojourn-user-id": "guest"})
    try:
        for arguments in (("list",), ("show", quarantined), ("replay", quarantined), ("drop", quarantined)):
            done = sojourn(*arguments, amqp_url=as_user["stranger"])
            assert done.returncode == 77 and "access" in done.stderr and "stranger" in done.stderr, done.stderr
        done = sojourn("replay", quarantined, "--as-self", amqp_url=as_user["reader"])
        assert done.returncode == 77 and "access" in done.stderr
        await_kept(client, 1)
        done = sojourn("replay", quarantined, amqp_url=as_user["operator"])
        assert done.returncode == 77 and "--as-self" in done.stderr and "guest" in done.stderr
        await_kept(client, 1)
        private_broker.control("set_user_tags", "operator", "impersonator")
        assert sojourn("replay", quarantined, amqp_url=as_user["operator"]).returncode == 0
        assert len(subjects_sessions(client, subject)) == 1
        other = quarantine(client, "session.validate", {"token": "x"}, headers={"x-sojourn-user-id": "somebody"})
        private_broker.control("set_user_tags", "operator")
        assert sojourn("replay", other, "--as-self", amqp_url=as_user["operator"]).returncode == 0
        await_kept(client, 0)
    finally:
        client.close()
        assert worker.stop() == 0
