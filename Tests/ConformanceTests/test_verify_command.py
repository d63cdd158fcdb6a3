"""`sojourn verify`, as somebody uses it who wonders why a token is refused."""

import base64
import json
import os
import pty
import subprocess

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proxy import free_port

VALID, INVALID, USAGE, UNAVAILABLE, CONFIGURATION = 0, 1, 64, 69, 78
ISSUER, AUDIENCE = "https://sessions.example", "api.example"


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    policies = policy_file({
        "short": {"accessTokenSeconds": 2}, "always": {"mfa": {"required": "always"}}, "exact": {"touchIntervalSeconds": 1}})
    return start_worker(policy_file=policies, issuer=ISSUER, audience=AUDIENCE).await_ready()


@pytest.fixture
def verify(binary, settings, worker):
    """Runs `sojourn verify` with a token on standard input; returns what was run."""
    names = {"SOJOURN_ISSUER": ISSUER, "SOJOURN_AUDIENCE": AUDIENCE}

    def verify(token, *arguments, keyring=True, **environment):
        variables = {"PATH": os.environ["PATH"]} | settings | names | environment
        if not keyring:
            del variables["SOJOURN_KEYRING_FILE"]
        done = subprocess.run(
            [binary, "verify", *arguments], env=variables, input=token if isinstance(token, bytes) else token.encode(),
            capture_output=True, timeout=60, check=False)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    return verify


@pytest.fixture
def judged(verify):
    """The status, and what `--json` says; nothing that is printed contains the token."""

    def judged(token, *arguments, **further):
        done = verify(token, *arguments, "--json", **further)
        shown = done.stdout + done.stderr + verify(token, *arguments, **further).stdout
        secret = token.rpartition(".")[2] if "." in token else token
        assert len(secret) < 8 or secret not in shown
        assert done.stdout.count("\n") == 1, done.stderr
        return done.returncode, json.loads(done.stdout)

    return judged


@pytest.fixture
def tokens(client, subject):
    return client.create(subject, authentication={"methods": ["pwd"]})["tokens"]


@pytest.fixture
def key_set(worker):
    return f"http://{worker.admin}/.well-known/jwks.json"


# --- access tokens, offline --------------------------------------------------------------------------------------


def test_an_access_token_with_the_keyring_the_key_set_or_a_file_of_it(
        worker, client, tokens, judged, subject, key_set, tmp_path):  # fmt: skip
    (tmp_path / "keys.json").write_text(json.dumps(worker.json("/.well-known/jwks.json")[0]))
    claims = jwt.decode(tokens["access"], options={"verify_signature": False})
    for arguments in ((), ("--keys", key_set), ("--keys", str(tmp_path / "keys.json"))):
        status, judgement = judged(tokens["access"], *arguments)
        assert (status, judgement["valid"], judgement["genuine"]) == (VALID, True, True)
        said = judgement["token"]
        assert said["keyId"] == jwt.get_unverified_header(tokens["access"])["kid"]
        assert (said["issuer"], said["audience"], said["subject"]) == (ISSUER, [AUDIENCE], subject)
        assert (said["sessionId"], said["level"], said["methods"]) == (claims["sid"], 1, ["pwd"])
        assert said["expiresAt"] == tokens["accessExpiresAt"]


def test_a_person_reads_how_long_it_is_good_for(verify, tokens, tmp_path):
    (tmp_path / "token").write_text(tokens["access"] + "\n")
    done = verify("", "--token-file", str(tmp_path / "token"))
    assert (done.returncode, done.stderr) == (VALID, "")
    first, *rows = done.stdout.splitlines()
    assert first.startswith("valid: ") and "\x1b" not in done.stdout
    expires = next(row for row in rows if row.startswith("expires"))
    assert expires.endswith("in 4 min") or expires.endswith("in 5 min")


def test_an_expired_token_says_what_helps(client, judged, subject):
    tokens = client.create(subject, policy="short")["tokens"]
    client.wait(lambda: client.validate(tokens["access"], touch=False).get("reason") == "token_expired", "its expiry")
    for arguments in ((), ("--worker",)):
        status, judgement = judged(tokens["access"], *arguments)
        assert (status, judgement["valid"], judgement["reason"]) == (INVALID, False, "token_expired")
        assert "refresh" in judgement["help"] and judgement["genuine"]


def test_a_token_for_somebody_else(judged, tokens):
    assert judged(tokens["access"], "--issuer", "other")[1]["reason"] == "wrong_issuer"
    assert judged(tokens["access"], "--audience", "other")[1]["reason"] == "wrong_audience"
    status, judgement = judged(tokens["access"], SOJOURN_NAMESPACE="another")
    assert (status, judgement["reason"]) == (INVALID, "signature_invalid")


def test_what_nobody_has_signed_is_shown_and_not_vouched_for(judged, tokens, verify, tmp_path, binary):
    claims = jwt.decode(tokens["access"], options={"verify_signature": False})
    header = jwt.get_unverified_header(tokens["access"])
    mine = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims | {"sub": "mallory\x1b[2J"}, mine, algorithm="ES256", headers=header)
    status, judgement = judged(forged)
    assert (status, judgement["reason"], judgement["genuine"]) == (INVALID, "signature_invalid", False)
    assert judgement["token"]["subject"].startswith("mallory")
    shown = verify(forged).stdout
    assert "nobody has vouched" in shown and "\x1b" not in shown and "\\u001b" in shown
    unknown = jwt.encode(claims, mine, algorithm="ES256", headers=header | {"kid": "12345678-es256"})
    assert judged(unknown)[1]["reason"] == "unknown_key"


def test_without_keys_it_is_not_decided_but_what_is_wrong_is_said(judged, tokens, client, subject):
    status, judgement = judged(tokens["access"], keyring=False)
    assert (status, judgement["valid"], judgement["genuine"]) == (CONFIGURATION, None, False)
    assert "reason" not in judgement and "--keys" in judgement["help"]
    assert judged(tokens["access"], "--issuer", "other", keyring=False)[1]["reason"] == "wrong_issuer"
    header, _, signature = tokens["access"].split(".")
    status, judgement = judged(f"{header}.e30.{signature}", keyring=False)
    assert status == INVALID and "payload lacks iss, aud, sub" in judgement["why"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda header, rest: ({"alg": "none"}, rest), "alg is none"),
        (lambda header, rest: (header | {"alg": "HS256"}, rest), "alg is HS256"),
        (lambda header, rest: (header | {"typ": "JWT"}, rest), "typ is not at+jwt"),
        (lambda header, rest: ({"alg": "ES256", "typ": "at+jwt"}, rest), "names no key"),
        (lambda header, rest: (header | {"crit": ["exp"]}, rest), "has crit"),
        (lambda header, rest: (header, rest[:-4]), "cut off or changed"),
        (lambda header, rest: (header, rest + ".AAAA.AAAA"), "encrypted"),
        (lambda header, rest: (header, rest.split(".")[0]), "three parts"),
        (lambda header, rest: (header, "AA*." + rest.split(".")[1]), "payload, the second part"),
    ],
)  # fmt: skip
def test_a_malformed_token_says_in_what_way(judged, tokens, change, words):
    header, _, rest = tokens["access"].partition(".")
    header, rest = change(json.loads(base64.urlsafe_b64decode(header + "==")), rest)
    changed = base64.urlsafe_b64encode(json.dumps(header, separators=(",", ":")).encode()).rstrip(b"=").decode()
    status, judgement = judged(f"{changed}.{rest}")
    assert (status, judgement["reason"]) == (INVALID, "malformed") and words in judgement["why"]


# --- what has no claims ------------------------------------------------------------------------------------------


def test_opaque_tokens_are_recognised_and_left_to_a_worker(judged, tokens, client):
    for kind in ("session", "refresh"):
        status, judgement = judged(tokens[kind])
        assert (status, judgement["kind"], judgement["valid"]) == (USAGE, kind, None)
        assert judgement["token"]["sessionId"].startswith("ses_") and judgement["genuine"]
        changed = tokens[kind][:-1] + ("A" if tokens[kind][-1] != "A" else "B")
        assert judged(changed)[1]["reason"] == "malformed", "the keyring tells that it was never issued"
        assert judged(changed, keyring=False)[0] == USAGE, "without it nobody can tell"
        cut = judged(tokens[kind][:-1], keyring=False)
        assert cut[0] == INVALID and "cut off" in cut[1]["why"]
    session = client.validate(tokens["session"])["session"]["id"]
    ticket = client.do("session.transfer.begin", token=tokens["session"])["ticket"]
    assert judged(ticket)[1]["kind"] == "ticket"
    assert judged(session)[1]["kind"] == "sessionId" and judged(session)[0] == INVALID


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bearer {}", "Bearer"), ("bearer {}", "Bearer"), ("{} ", "white space"), ('"{}"', "quotation marks"),
        ("nonsense", "it is none of those"), ("eyJ" + "a" * 16384, "no token has more than"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", [(), ("--worker",)])
def test_what_is_around_a_token_is_pointed_out(verify, tokens, text, words, where):
    done = verify(text.format(tokens["access"]), *where, "--json")
    judgement = json.loads(done.stdout)
    assert (done.returncode, judgement["reason"]) == (INVALID, "malformed")
    assert words in judgement["why"]


# --- a worker's opinion ------------------------------------------------------------------------------------------


def test_a_worker_tells_what_has_happened_to_the_session(judged, client, subject):
    tokens = client.create(subject, policy="exact")["tokens"]
    session = client.validate(tokens["session"], touch=False)["session"]
    hourglass = client.create(subject, policy="short")["tokens"]["access"]
    client.wait(lambda: not client.validate(hourglass, touch=False)["valid"], "the interval of recorded activity to pass")
    for kind in ("session", "access"):
        status, judgement = judged(tokens[kind], "--worker")
        assert (status, judgement["valid"], judgement["session"]["id"]) == (VALID, True, session["id"])
    assert judgement["token"]["sessionId"] == session["id"] and judgement["genuine"]
    after = client.validate(tokens["session"], touch=False)["session"]
    assert after["lastActiveAt"] == session["lastActiveAt"], "to look is no activity"
    client.do("session.lock", sessionId=session["id"])
    status, judgement = judged(tokens["access"], "--worker")
    assert (status, judgement["reason"]) == (INVALID, "locked") and "session.unlock" in judgement["help"]
    client.do("session.revoke", sessionId=session["id"])
    assert judged(tokens["session"], "--worker")[1]["reason"] == "revoked"
    assert judged(tokens["access"])[0] == VALID, "which is what the offline check cannot know, and says"


def test_a_session_that_waits_for_its_second_factor_and_one_of_another_tenant(judged, client, subject):
    pending = client.create(subject, policy="always")["tokens"]["session"]
    status, judgement = judged(pending, "--worker")
    assert (status, judgement["reason"]) == (INVALID, "pending") and "session.elevate" in judgement["help"]
    other = client.create(subject, tenant="acme")["tokens"]["session"]
    assert judged(other, "--worker")[1]["reason"] == "unknown"
    assert judged(other, "--worker", "--tenant", "acme")[0] == VALID


def test_a_refresh_token_is_not_used_up(judged, tokens, client):
    status, judgement = judged(tokens["refresh"], "--worker")
    assert (status, judgement["valid"]) == (USAGE, None) and "using it up" in judgement["why"]
    client.do("session.refresh", refreshToken=tokens["refresh"])


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\n", b"\xff\xfe\x00", bytes(16777217)])
def test_what_is_not_one_line_is_no_token(verify, content):
    done = verify(content)
    assert (done.returncode, done.stdout) == (USAGE, "") and done.stderr.startswith("sojourn: --token-file -: ")


def test_a_token_as_an_argument_is_not_repeated(verify, tokens):
    done = verify("", tokens["access"])
    assert done.returncode == USAGE and "can be seen by others" in done.stderr
    assert tokens["access"][-20:] not in done.stderr


def test_at_a_terminal_it_does_not_wait_for_a_token(binary, settings, worker):
    here, there = pty.openpty()
    done = subprocess.run([binary, "verify"], env=settings, stdin=there, capture_output=True, text=True, timeout=60)
    os.close(here), os.close(there)
    assert done.returncode == USAGE and "--token-file" in done.stderr


def test_keys_that_cannot_be_used(verify, tokens, tmp_path, key_set):
    nobody = f"http://user:secret@127.0.0.1:{free_port()}/keys"
    (tmp_path / "keys").write_text('{"keys": []}')
    for arguments, status, words in (
        (("--keys", nobody), UNAVAILABLE, "cannot be"), (("--keys", str(tmp_path / "none")), USAGE, "No such file"),
        (("--keys", str(tmp_path / "keys")), USAGE, "has no key"), (("--keys", "-"), USAGE, "cannot be read"),
        (("--keyring-file", str(tmp_path / "none")), CONFIGURATION, "sojourn keys init"),
        (("--keys", key_set, "--worker"), USAGE, "not both"), (("--keys", "a", "--keyring-file", "b"), USAGE, "not both"),
        (("--keys", key_set, "--keys-ca-file", "a"), USAGE, "https://"),
        (("--worker", "--amqp-url", f"amqp://127.0.0.1:{free_port()}/"), UNAVAILABLE, "refused"),
    ):  # fmt: skip
        done = verify(tokens["access"], *arguments)
        assert (done.returncode, done.stdout) == (status, "") and words in done.stderr, (arguments, done.stderr)
        assert "secret" not in done.stderr


def test_no_worker_answers(verify, tokens, elsewhere):
    worker, _ = elsewhere()
    worker.stop()
    done = verify(tokens["session"], "--worker", "--timeout", "1", SOJOURN_NAMESPACE=worker.namespace)
    assert (done.returncode, done.stdout) == (UNAVAILABLE, "")
