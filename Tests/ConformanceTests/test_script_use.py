"""The command line for scripts: exit statuses, JSON, and output that goes nowhere."""

import json
import os
import pathlib
import re
import signal
import subprocess
from urllib.parse import urlsplit

import pytest

from proxy import free_port
from terminal import at_terminal

README = pathlib.Path(__file__).parents[2] / "README.md"
VERBS = [
    "worker", "send", "watch", "sessions", "sessions list", "sessions show", "sessions end", "verify", "policy",
    "policy check", "policy list", "policy diff", "policy put", "policy remove", "quarantine", "quarantine list", "quarantine show",
    "quarantine replay", "quarantine drop", "keys", "keys init", "keys list", "keys rotate", "keys retire", "keys reseal",
    "audit", "audit verify", "topology", "status", "doctor", "bench"]  # fmt: skip


@pytest.fixture
def sojourn(binary, settings, tmp_path):
    """Runs the program in a folder of its own."""

    def sojourn(*arguments, content="", **further):
        environment = {"PATH": os.environ["PATH"]} | settings
        environment |= {f"SOJOURN_{name}": value for name, value in further.items()}
        return subprocess.run(
            [binary, *arguments], env=environment, input=content, capture_output=True, text=True, timeout=60, check=False,
            cwd=tmp_path)

    return sojourn


# --- statuses ----------------------------------------------------------------------------------------------------


def failures(tmp_path):
    """Arguments, and the status that they end with, as in the README's table."""
    (tmp_path / "policy.json").write_text('{"a": {"idleSeconds": 0}}')
    nobody = f"127.0.0.1:{free_port()}"
    yield 1, ("policy", "check", "policy.json")
    yield 64, ("send",)
    yield 64, ("sessions", "list")
    yield 64, ("policy", "check", "nowhere.json")
    yield 69, ("sessions", "list", "--subject", "a", "--amqp-url", f"amqp://{nobody}/")
    yield 69, ("watch", "--amqp-url", f"amqp://{nobody}/")
    yield 69, ("status", "--admin-address", nobody)
    yield 69, ("keys", "reseal", "--redis-url", f"redis://{nobody}")
    yield 78, ("quarantine", "list", "--amqp-url", "http://x")
    yield 78, ("doctor", "--lanes", "none")


def test_every_status_is_in_the_readme_and_comes_as_an_object_on_request(sojourn, tmp_path):
    table = {int(found) for found in re.findall(r"^\| (\d+)", README.read_text(), re.MULTILINE)}
    for status, arguments in failures(tmp_path):
        assert status in table
        plain = sojourn(*arguments)
        assert (plain.returncode, plain.stdout) == (status, ""), arguments
        assert plain.stderr.startswith("sojourn: "), arguments
        asked = sojourn(*arguments, "--json")
        assert (asked.returncode, asked.stdout) == (status, ""), arguments
        error = json.loads(asked.stderr.splitlines()[-1])["error"]
        assert error["status"] == status and plain.stderr.split()[1] in error["message"]


def test_a_caller_without_permission(sojourn, start_worker, namespace, tmp_path):
    callers = tmp_path / "callers.json"
    callers.write_text('{"nobody": ["#"]}')
    start_worker(namespace=f"{namespace}-forbidden", callers_file=str(callers)).await_ready()
    refused = sojourn("policy", "list", "--json", NAMESPACE=f"{namespace}-forbidden")
    assert refused.returncode == 77 and json.loads(refused.stderr)["error"]["status"] == 77


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (("sesions",), "`sojourn sesions`: did you mean sessions?"), (("keys", "rotat"), "`sojourn keys rotat`: did you mean rotate?"),
        (("nonsense", "x"), "`sojourn nonsense`\n"), (("send", "session.create", "subject"), "Usage: sojourn send"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_answered_with_the_right_ones(sojourn, words, question):
    done = sojourn(*words)
    assert done.returncode == 64 and question in done.stderr and "Unexpected argument" not in done.stderr


def test_a_wrong_password_is_no_outage(sojourn, amqp_url):
    server = urlsplit(amqp_url)
    wrong = server._replace(netloc=f"guest:secret@{server.netloc.rpartition('@')[2]}").geturl()
    done = sojourn("policy", "list", AMQP_URL=wrong)
    assert done.returncode == 77 and "refuses the user or the password" in done.stderr and "secret" not in done.stderr


def test_what_an_argument_contains_stays_on_its_line(sojourn):
    hostile = "--x\x1b]0;a\x07\n" + "é" * 5000
    error = sojourn("send", hostile, "--json").stderr
    assert json.loads(error.splitlines()[-1])["error"]["status"] == 64
    assert "\x1b" not in error and "\x1b" not in sojourn("send", hostile).stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_at_once(binary, settings, worker, sent):
    watch = subprocess.Popen([binary, "watch"], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert watch.stderr.readline().startswith(b"watching")
    watch.send_signal(sent)
    assert watch.wait(timeout=20) == -sent, "a shell makes 130 and 143 of it"
    watch.communicate()


# --- what is printed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_explains_itself(sojourn, verb):
    helped = sojourn(*verb.split(), "--help")
    assert helped.returncode == 0 and helped.stderr == ""
    assert helped.stdout.startswith("OVERVIEW: ") and f"USAGE: sojourn {verb}" in helped.stdout


def test_the_list_of_commands_is_complete(sojourn):
    def listed(*words):
        text = sojourn(*words, "--help").stdout.partition("SUBCOMMANDS:")[2]
        return re.findall(r"^  ([a-z]+)\s", text, re.MULTILINE)

    names = [" ".join([*words, name]) for words in ((), *((name,) for name in listed())) for name in listed(*words)]
    assert sorted(names) == sorted(VERBS)


def test_every_command_that_prints_something_has_json(sojourn):
    groups = {verb.split()[0] for verb in VERBS if " " in verb}
    without = {verb for verb in VERBS if verb not in groups and "--json" not in sojourn(*verb.split(), "--help").stdout}
    assert without == {"worker", "topology"}, "one logs, and one always prints JSON"


def test_keys_and_policies_as_json(sojourn, worker, tmp_path):
    made = json.loads(sojourn("keys", "init", "ring", "--json").stdout)
    assert made["file"] == "ring"
    rotated = json.loads(sojourn("keys", "rotate", "ring", "--after", "0", "--json").stdout)
    assert rotated["previous"] == made["current"] and rotated["added"] != made["current"]
    states = {key["id"]: key["state"] for key in json.loads(sojourn("keys", "list", "ring", "--json").stdout)["keys"]}
    assert states == {rotated["added"]: "current", rotated["previous"]: "opensOnly"}
    retired = json.loads(sojourn("keys", "retire", "ring", made["current"], "--force", "--json").stdout)
    assert retired == {"file": "ring", "removed": made["current"], "checked": False}
    resealed = json.loads(sojourn("keys", "reseal", "--json").stdout)
    assert (resealed["unreadable"], resealed["overtaken"]) == (0, False) and resealed["records"] >= 0
    put = json.loads(sojourn("policy", "put", "own", "-", "--json", content='{"maxSessions": 2}').stdout)
    assert put == {"name": "own", "tenant": "default", "changes": ["maxSessions: 5 → 2"]}
    removed = json.loads(sojourn("policy", "remove", "own", "--json").stdout)
    assert removed == {"name": "own", "tenant": "default", "restored": False}


# --- where it is printed to --------------------------------------------------------------------------------------


def test_colours_only_where_they_are_wanted(binary, settings, worker, sojourn):
    def shown(**environment):
        return at_terminal([binary, "doctor"], {"TERM": "xterm"} | settings | environment)[1]

    assert "\x1b[32mok\x1b[0m" in shown()
    assert "\x1b" not in shown(NO_COLOR="1")
    assert "\x1b" not in shown(TERM="dumb")
    assert "\x1b[32mok" in shown(NO_COLOR="")
    assert "\x1b" not in sojourn("doctor").stdout


@pytest.mark.parametrize("arguments", [("topology",), ("doctor",), ("policy", "list"), ("sessions", "--help"), ("--version",)])
def test_a_full_disk_or_a_closed_pipe_is_no_success(binary, settings, worker, arguments):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary, *arguments], env=settings, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    reading, writing = os.pipe()
    os.close(reading)
    closed = subprocess.run(
        [binary, *arguments], env=settings, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert done.returncode not in (0, -signal.SIGABRT, -signal.SIGILL, -signal.SIGSEGV), done.stderr
    assert b"No space left" in done.stderr
    assert closed.returncode in (1, -signal.SIGPIPE) and closed.stderr == b""
