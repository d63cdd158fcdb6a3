"""`sojourn policy …`, as an operator uses it."""

import json
import subprocess

import pytest

DONE, FAILED, USAGE, UNAVAILABLE, CONFIGURATION = 0, 1, 64, 69, 78


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    return start_worker(policy_file=policy_file({"strict": {"maxSessions": 1, "onLimit": "reject"}})).await_ready()


@pytest.fixture
def policy(binary, settings, worker, tmp_path):
    """Runs `sojourn policy …` in a folder of its own."""

    def policy(*arguments, content=""):
        return subprocess.run(
            [binary, "policy", *arguments], env=settings, input=content, capture_output=True, text=True, timeout=60,
            cwd=tmp_path, check=False)

    return policy


def file(tmp_path, content):
    (tmp_path / "policy.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return "policy.json"


def test_check_shows_what_policies_change(policy, tmp_path):
    name = file(tmp_path, {"plain": {}, "strict": {"mfa": {"required": "always"}, "maxSessions": 1}})
    done = policy("check", name)
    assert done.returncode == DONE, done.stderr
    assert done.stdout.splitlines() == [
        "default: all defaults", "plain: all defaults", "strict", "  maxSessions: 5 → 1",
        '  mfa.required: "never" → "always"']  # fmt: skip
    shown = json.loads(policy("check", name, "--json").stdout)
    assert shown["strict"]["maxSessions"] == 1 and shown["plain"]["idleSeconds"] == 1800


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": {"idleSeconds": 0}}', "policy.json: /a/idleSeconds: "), ('{"a": {"maxSesions": 1}}', "/a/maxSesions"),
        ("{", "not JSON"), ("[]", "must be a JSON object"), ('{"a b": {}}', "1 to 64 letters"),
    ],
)  # fmt: skip
def test_check_names_what_is_wrong(policy, tmp_path, content, words):
    done = policy("check", file(tmp_path, content))
    assert (done.returncode, done.stdout) == (FAILED, "") and words in done.stderr


def test_a_file_that_is_not_there(policy):
    for verb in (("check",), ("diff", "p"), ("put", "p")):
        done = policy(*verb, "nowhere.json")
        assert done.returncode == USAGE and "nowhere.json: No such file" in done.stderr


def test_list_shows_what_is_in_force(policy):
    done = policy("list")
    assert done.returncode == DONE, done.stderr
    assert "strict\n  maxSessions: 5 → 1\n" in done.stdout and "default: all defaults\n" in done.stdout
    names = [json.loads(line)["name"] for line in policy("list", "--json").stdout.splitlines()]
    assert names == ["default", "strict"]


def test_diff_put_and_remove(policy, tmp_path, client):
    name = file(tmp_path, {"maxSessions": 2, "context": {"require": ["ip"]}})
    changes = ["maxSessions: 5 → 2", 'context.require: [] → ["ip"]']
    new = policy("diff", "own", name, "--tenant", "acme")
    assert (new.returncode, new.stdout.splitlines()) == (FAILED, changes) and "no policy own yet" in new.stderr
    put = policy("put", "own", name, "--tenant", "acme")
    assert (put.returncode, put.stdout.splitlines()) == (DONE, changes)
    assert client.do("policy.get", name="own", tenant="acme")["policy"]["maxSessions"] == 2
    client.wait(lambda: policy("diff", "own", name, "--tenant", "acme").returncode == DONE, "the policy to be in force")
    third = json.dumps({"maxSessions": 3, "context": {"require": ["ip"]}})
    other = policy("diff", "own", "-", "--tenant", "acme", "--json", content=third)
    assert other.returncode == FAILED
    assert json.loads(other.stdout) == {"exists": True, "changes": ["maxSessions: 2 → 3"]}
    removed = policy("remove", "own", "--tenant", "acme")
    assert (removed.returncode, removed.stdout) == (DONE, "") and removed.stderr == "it is removed\n"
    again = policy("remove", "own", "--tenant", "acme")
    assert again.returncode == FAILED and "policy_not_found" in again.stderr


def test_put_over_that_of_the_file_and_remove_it(policy, tmp_path, client):
    assert policy("put", "strict", file(tmp_path, {"maxSessions": 7})).returncode == DONE
    removed = policy("remove", "strict")
    assert "that of the policy file is in force" in removed.stderr


def test_an_invalid_policy_is_not_sent(policy, tmp_path):
    for content, words in (({"idleSeconds": 43201}, "/idleSeconds"), ({"idle": 1}, "/idle"), ("7", "JSON object")):
        done = policy("put", "own", file(tmp_path, content))
        assert done.returncode == FAILED and words in done.stderr


def test_wrong_arguments(policy):
    assert policy("put", "own").returncode == USAGE
    assert policy("list", "--timeout", "0").returncode == USAGE
    assert policy("lst").returncode == USAGE
    assert policy("list", "--amqp-url", "amqp://127.0.0.1:1").returncode == UNAVAILABLE
    assert policy("list", "--amqp-url", "http://x").returncode == CONFIGURATION
