"""Rotating the keyring's keys while workers run."""

import json
import os
import stat
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from workers import Worker


@pytest.fixture(scope="module")
def keyring(settings):
    return settings["SOJOURN_KEYRING_FILE"]


@pytest.fixture
def sojourn(binary, settings):
    """Runs `sojourn keys …`; returns its status and output."""

    def sojourn(*arguments, **environment):
        variables = {"PATH": os.environ["PATH"]} | settings | environment
        return subprocess.run(
            [binary, "keys", *arguments], env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    return sojourn


@pytest.fixture
def other(sojourn, tmp_path):
    """The path of a keyring that no worker uses."""
    path = tmp_path / "other.json"
    assert sojourn("init", str(path)).returncode == 0
    return path


def keys(sojourn, path):
    """The keys' states by id, in the order of the file."""
    done = sojourn("list", str(path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return {key["id"]: key["state"] for key in json.loads(done.stdout)["keys"]}


def age(path, seconds):
    """Changes the file so that the current key has been sealing for this long."""
    ring = json.loads(open(path, encoding="utf-8").read())
    since = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    ring["successor"]["from"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    draft = f"{path}.aged"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(ring))
    os.replace(draft, path)


def secrets_of(path):
    ring = json.loads(open(path, encoding="utf-8").read())
    return [ring["root"]] + [key["secret"] for key in ring["keys"]]


def test_keys_are_listed_for_a_person_and_for_a_program(sojourn, other):
    (only,) = keys(sojourn, other)
    assert keys(sojourn, other) == {only: "current"}
    listed = sojourn("list", str(other)).stdout
    assert listed.startswith(f"{only}  created 20") and "current" in listed
    assert sojourn("list", SOJOURN_KEYRING_FILE=str(other)).stdout == listed
    assert sojourn("rotate", str(other)).returncode == 0
    first, second = keys(sojourn, other)
    assert keys(sojourn, other) == {first: "current", second: "waiting"}
    assert f"{second}  created 20" in sojourn("list", str(other)).stdout
    assert "waiting until 20" in sojourn("list", str(other)).stdout
    printed = json.loads(sojourn("list", str(other), "--json").stdout)["keys"][1]
    made, begins = (datetime.fromisoformat(printed[key].replace("Z", "+00:00")) for key in ("createdAt", "currentFrom"))
    assert begins - made == timedelta(seconds=60)


def test_rotating_prints_no_secret_and_keeps_the_file_private(sojourn, other):
    before = other.stat().st_ino
    done = sojourn("rotate", str(other), "--after", "0")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = keys(sojourn, other)
    assert keys(sojourn, other) == {first: "opensOnly", second: "current"}
    assert second in done.stdout and f"retire {other} {first}" in done.stdout
    assert not any(secret in done.stdout for secret in secrets_of(other))
    assert stat.S_IMODE(other.stat().st_mode) == 0o600 and other.stat().st_ino != before
    assert os.listdir(other.parent) == [other.name]


def test_rotating_is_refused_while_a_key_waits_and_promotes_it_afterwards(sojourn, other):
    sojourn("rotate", str(other))
    content = other.read_text()
    done = sojourn("rotate", str(other))
    assert done.returncode == 1 and "rotate again after that" in done.stderr
    assert other.read_text() == content
    age(other, 1)
    assert sojourn("rotate", str(other)).returncode == 0
    assert list(keys(sojourn, other).values()) == ["opensOnly", "current", "waiting"]


@pytest.mark.parametrize("after", ["-1", "604801", "soon"])
def test_an_invalid_moment_is_wrong_usage(sojourn, other, after):
    assert sojourn("rotate", str(other), f"--after={after}").returncode == 64


def test_an_error_in_a_file_is_reported_with_its_name(sojourn, tmp_path, other):
    for command in (["list"], ["rotate"]):
        done = sojourn(*command, str(tmp_path / "none.json"))
        assert done.returncode == 1 and "none.json: No such file" in done.stderr and "keys init" in done.stderr
    other.chmod(0o644)
    assert f"chmod 600 {other}" in sojourn("rotate", str(other)).stderr
    other.chmod(0o600)
    other.write_text('{"version":7}')
    done = sojourn("rotate", str(other))
    assert done.returncode == 1 and f"{other}: /version is 7" in done.stderr


def test_only_a_key_that_is_no_longer_needed_can_be_retired(sojourn, other, worker):
    sojourn("rotate", str(other), "--after", "0")
    first, second = keys(sojourn, other)
    assert second in sojourn("retire", str(other), second).stderr, "the current one"
    assert "no key 00000000" in sojourn("retire", str(other), "00000000").stderr
    for age_of_key, *lifetime in [(0,), (350,), (950, "--access-token-seconds", "900")]:
        age(other, age_of_key)
        done = sojourn("retire", str(other), first, *lifetime)
        assert done.returncode == 1 and "access tokens" in done.stderr and "retire after 20" in done.stderr
    assert sojourn("retire", str(other), first, "--access-token-seconds", "0").returncode == 64
    age(other, 370)
    done = sojourn("retire", str(other), first)
    assert done.returncode == 1 and "another keyring" in done.stderr, "of this namespace it tells nothing"
    done = sojourn("retire", str(other), first, "--namespace", "nobody-here")
    assert done.returncode == 1 and "never used" in done.stderr
    done = sojourn("retire", str(other), first, "--redis-url", "redis://127.0.0.1:1/")
    assert done.returncode == 69 and "Redis cannot be reached" in done.stderr
    done = sojourn("retire", str(other), first, "--force")
    assert done.returncode == 0 and "lost" in done.stdout
    assert keys(sojourn, other) == {second: "current"}


def test_nothing_is_resealed_while_a_key_waits(sojourn, other):
    sojourn("rotate", str(other))
    done = sojourn("reseal", "--keyring-file", str(other))
    assert done.returncode == 1 and "reseal after that" in done.stderr


def test_keys_can_be_exchanged_while_a_worker_runs(sojourn, worker, client, start_worker, keyring, subject):
    tokens = [client.create(f"{subject}-{number}")["tokens"]["session"] for number in range(20)]
    (first,) = keys(sojourn, keyring)

    assert sojourn("rotate", keyring, "--after", "1").returncode == 0
    _, second = keys(sojourn, keyring)
    worker.await_log(f"sealing records with a new key from now on.*{second}")
    tokens += [client.create(f"{subject}-later-{number}")["tokens"]["session"] for number in range(5)]

    age(keyring, 100)
    done = sojourn("retire", keyring, first)
    assert done.returncode == 1 and "retire after" in done.stderr, "its access tokens live"
    done = sojourn("retire", keyring, first, "--access-token-seconds", "30")
    assert done.returncode == 1 and "sojourn keys reseal" in done.stderr
    assert " 60 records" in done.stderr, "of 20: the subject, the session, the message's result"
    assert list(keys(sojourn, keyring)) == [first, second]

    done = sojourn("reseal")
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stderr and "resealed 60 of them" in done.stdout
    assert "resealed 0 of them" in sojourn("reseal").stdout
    done = sojourn("retire", keyring, first, "--access-token-seconds", "30")
    assert done.returncode == 0, done.stderr
    assert keys(sojourn, keyring) == {second: "current"}
    assert all(client.validate(token)["valid"] for token in tokens)

    worker.stop()
    start_worker().await_ready()
    assert all(client.validate(token)["valid"] for token in tokens)


def test_a_keyring_that_becomes_invalid_is_reported_and_the_last_valid_one_stays(start_worker, client, keyring, subject):
    worker = start_worker().await_ready()
    good = open(keyring, encoding="utf-8").read()
    try:
        os.chmod(keyring, 0o644)
        worker.await_log("the keyring cannot be used.*chmod 600")
        assert client.create(subject)
    finally:
        os.chmod(keyring, 0o600)
    worker.await_log("the keyring is valid again")
    assert open(keyring, encoding="utf-8").read() == good


def test_a_command_provides_the_keyring(binary, settings, client, keyring, subject, tmp_path, worker):
    created = client.create(subject)
    without = {key: value for key, value in settings.items() if key != "SOJOURN_KEYRING_FILE"}
    given = without | {"SOJOURN_KEYRING_COMMAND": f"cat '{keyring}'", "SOJOURN_PREFETCH": "1"}
    commanded = Worker(binary, tmp_path, "commanded", given)
    try:
        commanded.await_ready()
        # Any worker may take it; with this many, this one takes at least one.
        assert all(client.validate(created["tokens"]["session"])["valid"] for _ in range(20))
        assert keyring not in commanded.log, "of the command only the program is shown"
    finally:
        assert commanded.stop() == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/nowhere/vault", "/nowhere/vault cannot be run"),
        ("""sh -c 'echo denied >&2; exit 2'""", 'sh exited with 2: "denied"'),
        ("""["sh", "-c", "echo {}"]""", "sh: /version is required"),
        ("vault 'kv", "SOJOURN_KEYRING_COMMAND is not usable"),
    ],
)
def test_a_failing_keyring_command_prevents_the_start(binary, settings, command, words):
    without = {key: value for key, value in settings.items() if key != "SOJOURN_KEYRING_FILE"}
    done = subprocess.run(
        [binary, "worker"], env=without | {"SOJOURN_KEYRING_COMMAND": command, "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 78 and words in done.stderr


def test_a_keyring_file_and_a_command_exclude_each_other(sojourn, binary, settings):
    done = subprocess.run(
        [binary, "worker"], env=settings | {"SOJOURN_KEYRING_COMMAND": "cat x"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 78
    assert "SOJOURN_KEYRING_FILE is given together with SOJOURN_KEYRING_COMMAND" in done.stderr
