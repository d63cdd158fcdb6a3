"""The examples in Examples/python that need no web server, each run as a program against a real worker."""

import copy
import json
import pathlib
import uuid

import pytest

from example_programs import FOLDER, run, running
from proxy import FROM_SERVER
from schema_examples import example
from schemas_support import validate_result

COMMAND = pytest.mark.parametrize("program", ["pika_command.py", "aio_pika_command.py"])
EVENTS = pytest.mark.parametrize("program", ["pika_events.py", "aio_pika_events.py"])


def sent(program, command, body, settings):
    """The result that a program prints, and how it ended."""
    done = run(program, command, settings=settings, body=json.dumps(body))
    result = json.loads(done.stdout)
    validate_result(command, result, form="reply")
    return result, done


def test_they_are_tested_with_the_packages_that_they_ask_for():
    asked, tested = [
        {line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")}
        for folder in (FOLDER, pathlib.Path(__file__).parent)]
    assert asked and asked <= tested


# --- a command


@COMMAND
def test_a_command_is_carried_out_and_its_result_printed(program, client, settings, subject):
    result, done = sent(program, "session.create", {"subject": subject}, settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert client.validate(result["data"]["tokens"]["session"])["valid"]


@COMMAND
def test_a_command_names_its_caller_and_is_persistent(program, client, settings, subject):
    # What reaches the queue, seen where a bad command is kept.
    result, done = sent(program, "session.create", {"subject": subject, "subjekt": subject}, settings)
    assert done.returncode == 1 and result["error"]["message"] in done.stderr
    sent_id = result["commandId"]
    kept = client.wait(
        lambda: [each for each in client.quarantine if each.properties.message_id == sent_id], "it in quarantine")
    assert kept[0].properties.content_type == "application/json" and kept[0].headers["deadline"] > 0
    assert kept[0].headers["x-sojourn-user-id"] == client.user


@COMMAND
def test_a_rejection_is_printed_and_its_reason_said(program, client, settings, subject):
    client.do("subject.disable", subject=subject)
    result, done = sent(program, "session.create", {"subject": subject}, settings)
    assert done.returncode == 1
    assert done.stderr == f"rejected: {result['error']['message']}\n"


@COMMAND
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Write a JSON object"), ("[]", "The body must be a JSON object"), ("[" * 60_000, "Write a JSON object"),
        ('{"subject": "' + "x" * 65536 + '"}', "The body has more than 65536 bytes"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_is_not_sent(program, settings, body, sentence):
    done = run(program, "session.create", settings=settings, body=body)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith(sentence) and len(done.stderr.splitlines()) == 1


@COMMAND
@pytest.mark.parametrize("seconds", ["0", "nan", "3601"])
def test_a_time_that_is_none_is_refused(program, settings, seconds):
    done = run(program, "session.create", f"--seconds={seconds}", settings=settings, body="{}")
    assert done.returncode == 2 and "Traceback" not in done.stderr


@COMMAND
@pytest.mark.parametrize("url", ["nonsense", "http://h/", "amqp://h:99999/"])
def test_a_url_that_is_none_is_refused_without_repeating_it(program, settings, url):
    done = run(program, "session.create", settings=settings, body="{}", SOJOURN_AMQP_URL=url)
    assert done.returncode == 64
    assert done.stderr == "SOJOURN_AMQP_URL is no URL such as amqp://user:password@host:5672/.\n"


@COMMAND
def test_a_broker_that_cannot_be_reached_is_named_without_its_password(program, settings, open_proxy, amqp_url):
    proxy, _ = open_proxy(amqp_url)
    url = f"amqp://shop:hidden-word@127.0.0.1:{proxy.port}/"
    done = run(program, "session.create", "--seconds=0.5", settings=settings, body="{}", SOJOURN_AMQP_URL=url)
    assert done.returncode == 69
    assert done.stderr.startswith("No result of session.create within 0.5 seconds: RabbitMQ cannot be reached")
    assert len(done.stderr.splitlines()) == 1 and "hidden" not in done.stderr


@COMMAND
def test_a_wrong_password_is_said_at_once_without_repeating_it(program, settings, amqp_url):
    address = amqp_url.partition(",")[0].rpartition("@")[2]
    url = f"amqp://shop:hidden-word@{address}"
    done = run(program, "session.create", settings=settings, body="{}", SOJOURN_AMQP_URL=url)
    assert done.returncode == 69
    assert done.stderr == "RabbitMQ does not accept the user or the password in SOJOURN_AMQP_URL.\n"


@COMMAND
def test_a_namespace_without_workers_is_said(program, settings):
    done = run(program, "session.create", "--seconds=0.5", settings=settings | {"SOJOURN_NAMESPACE": "nobody"}, body="{}")
    assert done.returncode == 69
    assert "no exchange 'nobody.commands'" in done.stderr and len(done.stderr.splitlines()) == 1


@COMMAND
def test_a_command_waits_for_a_broker_that_comes_back(program, client, settings, subject, open_proxy, amqp_url, tmp_path):
    proxy, url = open_proxy(amqp_url)
    body = json.dumps({"subject": subject}).encode()
    with running(tmp_path, program, "session.create", settings=settings, body=body, SOJOURN_AMQP_URL=url) as process:
        proxy.restore()
        assert process.status() == 0
    assert client.validate(json.loads(process.output)["data"]["tokens"]["session"])["valid"]


@COMMAND
@pytest.mark.parametrize("lost", ["the confirm and the reply", "the reply"])
def test_what_is_lost_with_the_connection_is_fetched_again(
    program, client, settings, subject, open_proxy, amqp_url, tmp_path, lost
):
    proxy, url = open_proxy(amqp_url)
    body = json.dumps({"subject": subject}).encode()
    held = []

    def hold_everything(chunk):
        if not held and b"session.create" in chunk:
            proxy.freeze(FROM_SERVER)
            held.append(chunk)

    def drop_the_reply(chunk):
        if not held and b"session.create.result" in chunk:
            held.append(chunk)
            return b""
        return chunk

    if lost == "the reply":
        proxy.change = drop_the_reply
    else:
        proxy.before_sending = hold_everything
    proxy.restore()
    with running(tmp_path, program, "session.create", settings=settings, body=body, SOJOURN_AMQP_URL=url) as process:
        client.await_event(subject, "session.created")
        process.wait_for(lambda: held, "to be answered")
        proxy.cut()
        proxy.restore()
        assert process.status() == 0, process.errors
    session = json.loads(process.output)["data"]["session"]["id"]
    assert [each["id"] for each in client.do("session.list", subject=subject)["sessions"]] == [session]


@COMMAND
def test_ctrl_c_ends_a_command_that_waits(program, settings, open_proxy, amqp_url, tmp_path):
    proxy, url = open_proxy(amqp_url)
    reached = []
    proxy.before_sending = reached.append
    proxy.restore()
    proxy.freeze()
    with running(tmp_path, program, "session.create", settings=settings, body=b"{}", SOJOURN_AMQP_URL=url) as process:
        process.wait_for(lambda: reached, "to connect")
        assert process.interrupt() == 130
    assert process.errors == "Stopped.\n"


# --- events


@pytest.fixture
def queue(client):
    name = f"{client.user}.{uuid.uuid4().hex}"
    yield name
    client.channel.queue_delete(name)


@EVENTS
def test_events_are_printed_also_those_from_before_it_ran(program, client, settings, subject, queue, tmp_path):
    with running(tmp_path, program, "--queue", queue, "session.*", settings=settings) as process:
        process.await_errors("Reading")
        session = client.create(subject)["session"]["id"]
        process.await_output(f"session.created  {session}  subject={subject}")
        assert process.interrupt() == 0
        assert process.errors == f"Reading {queue}, until Ctrl-C.\nStopped.\n"
    client.do("session.revoke", sessionId=session, reason="meanwhile")
    with running(tmp_path, program, "--queue", queue, "session.*", settings=settings) as process:
        process.await_output(f"session.revoked  {session}  subject={subject}  meanwhile")
        assert process.interrupt() == 0
    assert process.output.count("session.created") == 1  # it was acknowledged


@EVENTS
def test_the_queue_is_bounded_and_expires(program, client, settings, queue, tmp_path):
    with running(tmp_path, program, "--queue", queue, settings=settings) as process:
        process.await_errors("Reading")
        process.interrupt()
    arguments = {
        "x-queue-type": "quorum", "x-expires": 604_800_000, "x-max-length": 1_000_000, "x-overflow": "reject-publish",
    }  # fmt: skip
    # RabbitMQ refuses a declaration that differs.
    client.channel.queue_declare(queue, durable=True, arguments=arguments)


@EVENTS
@pytest.mark.parametrize("patterns", [[], ["session.*"]])
def test_repetitions_are_left_out_and_gaps_said_if_all_is_read(program, client, settings, queue, tmp_path, patterns):
    event = example("events/session.created/minimal.json")

    def publish(sequence, subject="s1"):
        each = copy.deepcopy(event) | {"id": f"{subject}-{sequence}", "sequence": str(sequence), "partitionkey": subject}
        each["data"]["subject"] = f"{subject}-{sequence}"
        client.channel.basic_publish("", queue, json.dumps(each).encode())

    with running(tmp_path, program, "--queue", queue, *patterns, settings=settings) as process:
        process.await_errors("Reading")
        for sequence in (4, 4, 5, 9, 6, 10):
            publish(sequence)
        publish(1, "s2")
        process.await_output("s2-1")
        process.interrupt()
    lines = [line.partition("  subject=")[2] or line for line in process.output.splitlines()]
    missed = [] if patterns else ["missed 3 event(s) of subject=s1-9"]
    assert lines == ["s1-4", "s1-5", *missed, "s1-9", "s1-6", "s1-10", "s2-1"]


@EVENTS
def test_what_is_no_event_is_skipped(program, client, settings, queue, tmp_path):
    half = {"id": [], "partitionkey": "p", "sequence": "1", "time": "", "type": "", "data": {"subject": "s"}}
    no_events = [b"", b"\xff", b"[]", b"{}", b'{"data": []}', json.dumps(half).encode(), b"[" * 100_000]
    with running(tmp_path, program, "--queue", queue, settings=settings) as process:
        process.await_errors("Reading")
        for raw in no_events:
            client.channel.basic_publish("", queue, raw)
        process.wait_for(lambda: len(process.output.splitlines()) == len(no_events), "to see all of them")
        assert process.interrupt() == 0
    assert set(process.output.splitlines()) == {"skipped a message that is no event"}


@EVENTS
def test_a_terminal_does_not_obey_a_subject(program, client, settings, queue, tmp_path):
    event = example("events/session.created/minimal.json")
    event["data"]["subject"] = "\x1b[2Jalice\n\ud800é"
    with running(tmp_path, program, "--queue", queue, settings=settings) as process:
        process.await_errors("Reading")
        client.channel.basic_publish("", queue, json.dumps(event).encode())
        process.await_output(r"subject=\x1b[2Jalice\n\ud800é")
        process.interrupt()


@EVENTS
def test_it_reads_on_after_its_connection_is_lost(program, client, settings, subject, queue, open_proxy, amqp_url, tmp_path):
    proxy, url = open_proxy(amqp_url)
    proxy.restore()
    with running(tmp_path, program, "--queue", queue, settings=settings, SOJOURN_AMQP_URL=url) as process:
        process.await_errors("Reading")
        proxy.cut()
        client.create(subject)
        process.await_errors("cannot be reached")
        proxy.restore()
        process.await_output(f"subject={subject}")
        assert process.interrupt() == 0


@EVENTS
def test_a_queue_that_is_not_ours_is_refused_with_a_sentence(program, client, settings):
    done = run(program, "--queue", f"{client.namespace}.quarantine", settings=settings)
    assert done.returncode == 69
    assert done.stderr.startswith("RabbitMQ says: PRECONDITION_FAILED") and len(done.stderr.splitlines()) == 1
