"""`sojourn sessions list` and `end`, as an operator uses them."""

import json
import subprocess

import pytest

from client import Client
from proxy import free_port
from terminal import at_terminal

DONE, FAILED, USAGE, UNAVAILABLE, FORBIDDEN = 0, 1, 64, 69, 77


@pytest.fixture
def sojourn(binary, settings, worker):
    """Runs `sojourn sessions …`."""

    def sojourn(*arguments, content="", **further):
        environment = settings | {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        return subprocess.run(
            [binary, "sessions", *arguments], env=environment, input=content, capture_output=True, text=True, timeout=60,
            check=False)

    return sojourn


@pytest.fixture
def sessions_at_terminal(binary, settings, worker):
    def sessions_at_terminal(*arguments, **terminal):
        return at_terminal([binary, "sessions", *arguments], settings, **terminal)

    return sessions_at_terminal


def living(client, subject, **fields):
    return {each["id"] for each in client.do("session.list", subject=subject, **fields)["sessions"]}


# --- list --------------------------------------------------------------------------------------------------------


def test_the_sessions_of_a_subject_in_columns(client, sojourn, subject):
    parent = client.create(subject, device={"name": "Firefox"}, context={"ip": "192.0.2.7", "country": "DE"})["session"]
    child = client.create(subject, parentId=parent["id"])["session"]
    listed = sojourn("list", "--subject", subject)
    assert (listed.returncode, listed.stderr) == (DONE, "")
    first, second = listed.stdout.splitlines()
    assert first.split()[:3] == [parent["id"], "active", "1"] and "Firefox  192.0.2.7 DE" in first
    assert parent["createdAt"][:19] + "Z" in first and parent["idleExpiresAt"][:19] + "Z" in first
    assert second.startswith(f" {child['id']}"), "a child is indented below its parent"


def test_the_subject_from_a_file_or_from_standard_input(client, sojourn, subject, tmp_path):
    session = client.create(subject)["session"]["id"]
    file = tmp_path / "subject"
    file.write_text(f"{subject}\n")
    for arguments, content in ((("--subject-file", str(file)), ""), (("--subject-file", "-"), subject)):
        listed = sojourn("list", *arguments, content=content)
        assert (listed.returncode, listed.stdout.split()[0]) == (DONE, session)
    for content in ("", "\n", "a\nb\n"):
        refused = sojourn("list", "--subject-file", "-", content=content)
        assert refused.returncode == USAGE and "it must be one line" in refused.stderr
    assert "No such file" in sojourn("list", "--subject-file", str(tmp_path / "nowhere")).stderr


def test_ended_sessions_are_listed_on_request_with_their_reason(client, sojourn, subject):
    session = client.create(subject)["session"]["id"]
    client.do("session.revoke", sessionId=session, reason="lost")
    assert sojourn("list", "--subject", subject).stderr == "the subject has no living sessions\n"
    assert f"{session}  revoked (lost)" in sojourn("list", "--subject", subject, "--ended").stdout


def test_all_pages_are_listed_and_a_limit_is_told(client, sojourn, subject):
    sessions = {client.create(subject, policy="default")["session"]["id"] for _ in range(5)}
    listed = sojourn("list", "--subject", subject, "--json", "--limit", "3")
    assert len(listed.stdout.splitlines()) == 3 and listed.stderr == "there are more: --limit shows them\n"
    everything = sojourn("list", "--subject", subject, "--json")
    assert {json.loads(line)["id"] for line in everything.stdout.splitlines()} == sessions and everything.stderr == ""


def test_the_tenant_counts(client, sojourn, subject):
    session = client.create(subject, tenant="other")["session"]["id"]
    assert sojourn("list", "--subject", subject).stdout == ""
    assert sojourn("list", "--subject", subject, "--tenant", "other").stdout.split()[0] == session


def test_nothing_that_others_chose_reaches_the_terminal(client, sojourn, subject):
    hostile = "\x1b]0;owned\x07\u202e\r\nses_forged"
    client.create(subject, device={"name": hostile}, attributes={"key": hostile})
    listed = sojourn("list", "--subject", subject)
    assert len(listed.stdout.splitlines()) == 1
    for output in (listed.stdout, sojourn("list", "--subject", subject, "--json").stdout):
        assert not set(output[:-1]) & set("\x1b\x07\u202e\r\n") and "\\u001b" in output


def test_the_columns_fit_into_the_terminal(client, sessions_at_terminal, subject):
    client.create(subject, device={"name": "A device with a rather long name " * 6}, context={"ip": "2001:db8::1"})
    for width in (160, 200):
        status, shown = sessions_at_terminal("list", "--subject", subject, width=width)
        titles, row = shown.splitlines()
        assert status == DONE and titles.split()[0] == "ID" and "…" in row and "2001:db8::1" in row
        assert max(len(titles), len(row)) <= width
        assert titles.index("WHERE") == row.index("2001:db8::1")


# --- show --------------------------------------------------------------------------------------------------------


def test_a_session_and_what_has_happened_to_it(client, sojourn, subject, tmp_path):
    created = client.create(subject, device={"name": "Firefox"}, attributes={"a": [1]})
    session, token = created["session"]["id"], created["tokens"]["session"]
    client.do("session.lock", sessionId=session, reason="lost")
    shown = sojourn("show", session)
    assert (shown.returncode, shown.stderr) == (DONE, "")
    lines = [line.split(None, 1) for line in shown.stdout.splitlines()]
    assert ["id", session] in lines and ["status", "locked"] in lines and ["device.name", "Firefox"] in lines
    assert ["attributes.a", "[1]"] in lines
    assert [line.split()[1:] for line in shown.stdout.splitlines()[-2:]] == [["session.locked", "lost"], ["session.created"]]
    file = tmp_path / "token"
    file.write_text(token + "\n")
    for arguments, content in ((("--token-file", str(file)), ""), (("--token-file", "-"), token)):
        found = json.loads(sojourn("show", *arguments, "--json", content=content).stdout)
        assert found["session"]["id"] == session and [each["action"] for each in found["activity"]][-1] == "session.created"
    assert "session.created" not in sojourn("show", session, "--activity", "0").stdout


def test_a_session_that_is_not_there_and_wrong_arguments(sojourn):
    missing = sojourn("show", "ses_nobody")
    assert missing.returncode == FAILED and "session_not_found" in missing.stderr
    for arguments in ((), ("ses_x", "--token-file", "-"), ("ses_x", "--activity", "201"), ("ses_x", "--timeout", "0")):
        assert sojourn("show", *arguments).returncode == USAGE
    invalid = sojourn("show", "--token-file", "-", content="sjs_nonsense")
    assert invalid.returncode == FAILED and "token_invalid" in invalid.stderr and "sjs_nonsense" not in invalid.stderr


# --- end ---------------------------------------------------------------------------------------------------------


def test_sessions_are_ended_by_their_ids(client, sojourn, subject):
    first, second, third = (client.create(subject)["session"]["id"] for _ in range(3))
    ended = sojourn("end", "--session", first, "--session", second, "--reason", "stolen")
    assert (ended.returncode, ended.stdout.split()) == (DONE, [first, second])
    assert ended.stderr == "2 sessions have ended\n"
    assert living(client, subject) == {third}
    assert client.await_event(subject, "session.revoked").body["data"]["reason"] == "stolen"


def test_a_session_that_is_not_there_is_told(client, sojourn, subject):
    session = client.create(subject)["session"]["id"]
    ended = sojourn("end", "--session", f"ses_{'x' * 32}", "--session", session)
    assert (ended.returncode, ended.stdout.split()) == (FAILED, [session])
    assert f"there is no living session ses_{'x' * 32}" in ended.stderr


def test_all_sessions_of_a_subject_end_only_after_a_yes(client, sojourn, sessions_at_terminal, subject):
    sessions = {client.create(subject)["session"]["id"] for _ in range(3)}
    nobody = sojourn("end", "--subject", subject, "--all")
    assert nobody.returncode == USAGE and "end 3 sessions? There is nobody to ask: --yes does it" in nobody.stderr
    status, shown = sessions_at_terminal("end", "--subject", subject, "--all", answer="no\n")
    assert status == DONE and "end 3 sessions? [y/N]" in shown and "nothing was done" in shown
    assert living(client, subject) == sessions
    spared = sessions.pop()
    status, shown = sessions_at_terminal("end", "--subject", subject, "--all", "--except", spared, answer="y\n")
    assert status == DONE and "end 2 sessions? [y/N]" in shown and "2 sessions have ended" in shown
    assert living(client, subject) == {spared}


def test_scripts_say_yes_beforehand_and_get_json(client, sojourn, subject):
    sessions = {client.create(subject)["session"]["id"] for _ in range(3)}
    ended = sojourn("end", "--subject-file", "-", "--all", "--yes", "--json", content=subject)
    result = json.loads(ended.stdout)
    assert ended.returncode == DONE and set(result["revoked"]) == sessions and result["count"] == 3
    again = sojourn("end", "--subject", subject, "--all")
    assert (again.returncode, again.stderr) == (FAILED, "0 sessions have ended\n"), "with nothing to end nobody is asked"


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",), ("list", "--subject", "a", "--subject-file", "b"), ("list", "--subject", "a", "--limit", "0"), ("end",),
        ("end", "--subject", "a"), ("end", "--all"), ("end", "--session", "s", "--all"),
        ("end", "--session", "s", "--subject", "a", "--all"), ("end", "--session", "s", "--except", "t"),
        ("end", "--session", "s", "--timeout", "0"),
    ],
)
def test_a_wrong_call_says_what_is_right(sojourn, arguments):
    called = sojourn(*arguments)
    assert called.returncode == USAGE and called.stdout == "" and len(called.stderr.splitlines()[0]) > 20


def test_a_refusal_is_a_sentence_with_its_code(sojourn):
    refused = sojourn("end", "--session", "s", "--reason", "evicted")
    assert refused.returncode == FAILED and "session.revoke: invalid_field: " in refused.stderr


def test_without_permission_a_broker_or_a_worker(sojourn, start_worker, amqp_url, namespace, client, tmp_path):
    callers = tmp_path / "callers.json"
    callers.write_text(json.dumps({client.user: ["session.create"]}))
    other = start_worker(namespace=f"{namespace}-forbidden", callers_file=str(callers)).await_ready()
    forbidden = sojourn("list", "--subject", "a", namespace=other.namespace)
    assert forbidden.returncode == FORBIDDEN and "not_permitted" in forbidden.stderr
    other.stop()
    unanswered = sojourn("list", "--subject", "a", "--timeout", "1", namespace=other.namespace)
    assert unanswered.returncode == UNAVAILABLE and unanswered.stderr.count("\n") == 1
    topology = Client(amqp_url, other.namespace)
    topology.delete_topology()
    topology.close()
    assert sojourn("list", "--subject", "a", namespace=other.namespace).returncode == UNAVAILABLE
    assert sojourn("list", "--subject", "a", amqp_url=f"amqp://127.0.0.1:{free_port()}/").returncode == UNAVAILABLE
