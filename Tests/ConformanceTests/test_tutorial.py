"""docs/tutorial.md: its reader gets the files of Examples/tutorial, and what the page promises."""

import re
import subprocess
from contextlib import contextmanager

import pika

from brokers import Broker
from client import Client
from documents import ROOT
from processes import end_process
from workers import built, wait_until

TUTORIAL = ROOT / "Examples" / "tutorial"
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_each_file_is_shown_whole_below_its_name():
    shown = dict(re.findall(r"`([\w/]+\.swift)`:\n\n```swift\n(.*?)```\n", PAGE, re.DOTALL))
    assert shown == {str(file.relative_to(TUTORIAL)): file.read_text() for file in TUTORIAL.rglob("*.swift")}
    assert len(shown) == PAGE.count("```swift\n"), "each block is one of the files"


@contextmanager
def front_desk(worker, settings, folder):
    """The program, with pipes, and the file of its log."""
    keys = f"http://{worker.admin}/.well-known/jwks.json"
    log = folder / "log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [built("FrontDesk")], env=settings | {"SOJOURN_KEYS_URL": keys}, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=output, start_new_session=True)  # fmt: skip
    try:
        yield process, log
    finally:
        process.stdin.close()
        process.stdout.close()
        end_process(process)


def hold_the_conversation(process, log, client):
    tokens = {}

    def ask(line):
        line = re.sub(r"(sjs_|eyJ)…", lambda found: tokens[found[1]], line)
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        tokens.update((kind, kind + rest) for kind, rest in re.findall(r"\b(sjs_|eyJ)(\S+)", answer))
        return re.sub(r"\b(sjs_|eyJ)\S+", r"\1…", answer)

    conversation = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]
    for line, answer in re.findall(r"> (.*)\n(.*)\n", conversation):
        if line.startswith("read"):
            # Nobody is told when the verifier has heard of something.
            wait_until(lambda line=line, answer=answer: ask(line) == answer, 30, f"{answer!r} to {line!r}")
        else:
            assert ask(line) == answer, log.read_text()

    def is_noted():
        # Nobody is told when the queue is bound, so a session ends at every look.
        client.do("session.revoke", sessionId=client.create("bob")["session"]["id"], reason="closing_time")
        return "(closing_time)" in log.read_text()

    wait_until(is_noted, 30, "an event in the log")
    process.stdin.close()
    assert process.wait(30) == 0, log.read_text()


def test_the_conversation(worker, settings, client, tmp_path):
    with front_desk(worker, settings, tmp_path) as (process, log):
        hold_the_conversation(process, log, client)
    with pika.BlockingConnection(pika.URLParameters(settings["SOJOURN_AMQP_URL"])) as connection:
        connection.channel().queue_delete("front-desk.departures")


def test_the_permissions_of_a_service_that_does_both_are_enough(start_worker, settings, namespace, tmp_path):
    """docs/operations.md: the consumer's, and the command exchange."""
    [row] = re.findall(r"^\| consumer: .*? \| `(.*?)` \| `(.*?)` \| `(.*?)` \|$", OPERATIONS, re.MULTILINE)
    assert "has the consumer's patterns, and may also write to\n  `^N\\\\.commands$`" in OPERATIONS
    unescaped = [each.replace("\\|", "|").replace("\\\\", "\\") for each in (*row, r"^N\\.commands$")]
    configure, write, read, commands = [
        re.sub(r"\bN\b", namespace, each.replace("USER", "front-desk")) for each in unescaped]
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    broker = Broker(folder)
    try:
        worker = start_worker(amqp_url=broker.url).await_ready()
        broker.control("add_user", "front-desk", "secret")
        broker.control("set_permissions", "front-desk", configure, f"{write}|{commands}", read)
        url = broker.url.replace("guest:guest", "front-desk:secret")
        client = Client(broker.url, namespace)
        with front_desk(worker, settings | {"SOJOURN_AMQP_URL": url}, tmp_path) as (process, log):
            hold_the_conversation(process, log, client)
        client.close()
        worker.stop()
    finally:
        broker.stop()


def test_without_a_broker_it_ends_with_a_sentence(tmp_path):
    log = tmp_path / "log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [built("FrontDesk")], env={"SOJOURN_AMQP_URL": "amqp://127.0.0.1:1"}, stdin=subprocess.PIPE, stderr=output)
    with process:  # its standard input stays open
        assert process.wait(60) == 1
    assert "not_connected: " in log.read_text() and "Program crashed" not in log.read_text()
